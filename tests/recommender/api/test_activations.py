"""Activations and roll-backs over REST."""

import pytest

from recommender.models import Activation
from tests.factories import VersionFactory

pytestmark = pytest.mark.django_db
URL = "/api/v1/models/"


def test_a_roll_back_names_what_it_went_back_to(staff, active):
    newer = VersionFactory(method="visrec")
    for version in (active, newer):
        staff.post(f"{URL}{version.pk}/activate/")
    Activation.objects.create(role="similar", version=active, name=str(active), at=newer.created_at)

    assert staff.get(f"{URL}rollback/?role=similar").json()["id"] == active.pk

    answer = staff.post(f"{URL}rollback/", {"role": "similar", "leaving": newer.pk, "reason": "too many shoes"})

    assert (answer.status_code, answer.json()["id"], answer.json()["state"]) == (200, active.pk, "active")
    again = staff.post(f"{URL}rollback/", {"role": "similar", "leaving": newer.pk})
    assert again.status_code == 409
    assert f"{newer} is not active".capitalize() in again.json()["detail"]
    latest = staff.get(f"{URL}activations/?role=similar").json()["results"][0]
    assert (latest["model"]["id"], latest["former"], latest["is_roll_back"]) == (active.pk, str(newer), True)
    assert latest["by"] and latest["reason"] == "too many shoes"


def test_an_activation_keeps_why(staff, active):
    newer = VersionFactory(method="visrec")

    assert staff.post(f"{URL}{newer.pk}/activate/", {"reason": "x" * 301}).status_code == 400
    staff.post(f"{URL}{newer.pk}/activate/", {"reason": "autumn"})

    latest = staff.get(f"{URL}activations/").json()["results"][0]
    assert (latest["model"]["id"], latest["reason"]) == (newer.pk, "autumn")


def test_what_a_roll_back_would_activate_is_a_conflict_where_nothing_served(staff, active):
    assert staff.get(f"{URL}rollback/?role=personal").status_code == 409
    assert staff.get(f"{URL}rollback/").status_code == 400


@pytest.mark.parametrize(
    ("body", "status"),
    [({"role": "personal"}, 409), ({}, 400), ({"role": "cook"}, 400), ({"role": "similar", "leaving": 10**9}, 400)],
)
def test_what_cannot_be_rolled_back(staff, active, body, status):
    assert staff.post(f"{URL}rollback/", body).status_code == status
