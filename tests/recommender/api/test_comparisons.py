"""Comparisons of versions over REST."""

import pytest

from recommender.audits import replay
from tests.factories import VersionFactory, embed, turned
from tests.recommender.audits.test_last_week import sampled
from tests.recommender.conftest import placed

pytestmark = pytest.mark.django_db
URL = "/api/v1/models/"


def test_two_versions_are_compared(staff, active):
    query, near = placed(active, 0, 10)
    active.metrics = {"precision@5": 0.8, "intervals": {"precision@5": [0.7, 0.9]}}
    active.save()
    other = VersionFactory(method="visrec", dimensions=active.dimensions, metrics={"precision@5": 0.5})
    for product in (query, near):
        embed(product, other, turned(0))

    found = staff.get(f"{URL}{active.pk}/compare/{other.pk}/?sku={query.sku}").json()

    assert [model["id"] for model in found["models"]] == [active.pk, other.pk]
    [measure] = found["measures"]
    assert (measure["name"], measure["values"], measure["is_worse"]) == ("precision@5", [0.8, 0.5], False)
    assert measure["intervals"] == [[0.7, 0.9], None]
    assert found["lists"] == [{"product": query.sku, "user": None, "results": [[near.sku], []]}]
    assert found["shared"] == 0


@pytest.mark.parametrize("fields", [{"role": "personal", "method": "vbpr"}, {"state": "training"}])
def test_what_cannot_be_compared_is_a_conflict(staff, active, fields):
    answer = staff.get(f"{URL}{active.pk}/compare/{VersionFactory(**fields).pk}/")
    assert answer.status_code == 409


def test_an_unknown_version_is_not_found(staff, active):
    assert staff.get(f"{URL}{active.pk}/compare/{active.pk + 1}/").status_code == 404


def test_last_week_s_requests_are_replayed(staff, active):
    other = VersionFactory(dimensions=active.dimensions)
    query, near = placed(active, 0, 10)
    for product in (query, near):
        embed(product, other, turned(0))
    sampled(active, query)
    url = f"{URL}{active.pk}/compare/{other.pk}/"
    assert staff.get(url).json()["replay"] is None

    queued = staff.post(url)
    replay.run(replay.latest(active, other).pk)

    assert (queued.status_code, queued.json()["finished_at"]) == (202, None)
    figures = staff.get(url).json()["replay"]["figures"]
    assert (figures["requests"], figures["empty"]) == (1, [0, 1])
    assert staff.post(f"{URL}{active.pk}/compare/{VersionFactory(state='training').pk}/").status_code == 409
