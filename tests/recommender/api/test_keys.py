from datetime import timedelta

import pytest
from django.utils import timezone

from recommender.access import keys
from recommender.access.models import ApiKey, KeyKind
from tests.factories import clerk
from tests.problems import assert_problem
from tests.recommender.api.conftest import signed_in

URL = "/api/v1/keys/"
ERP = {"name": "ERP", "kind": "secret", "scopes": ["catalogue:write"]}


def test_a_secret_is_in_the_response_that_creates_it_alone(staff):
    created = staff.post(URL, ERP | {"rate": 60})

    body = created.json()
    key = keys.find(body["key"])
    assert (created.status_code, created.headers["Location"]) == (201, f"http://testserver{URL}{key.pk}/")
    assert (key.name, key.scopes, key.rate) == ("ERP", ["catalogue:write"], 60)
    for url in (URL, f"{URL}{key.pk}/"):
        shown = staff.get(url)
        assert body["prefix"] in shown.content.decode()
        assert body["key"] not in shown.content.decode()
        assert key.digest not in shown.content.decode()


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"kind": "secret", "scopes": []}, "scopes"),
        ({"kind": "secret", "scopes": ["all"]}, "scopes.0"),
        ({"kind": "publishable", "scopes": ["designs"]}, "scopes"),
        ({"kind": "publishable", "origins": ["https://shop.example/page"]}, "origins"),
        ({"kind": "publishable", "rate": 0}, "rate"),
        ({"kind": "master"}, "kind"),
    ],
)
def test_what_is_wrong_is_named_by_its_field(staff, body, field):
    refused = staff.post(URL, {"name": "a key"} | body)

    assert_problem(refused, 400, f"{field}: ")
    assert list(refused.json()["errors"]) == [field]
    assert not ApiKey.objects.exists()


def test_a_key_is_rotated_and_revoked(staff):
    key, secret = keys.create("ERP", KeyKind.SECRET, scopes=["designs"])

    rotated = staff.post(f"{URL}{key.pk}/rotate/", {"overlap": 2})
    assert rotated.status_code == 201
    assert keys.find(rotated.json()["key"]).scopes == ["designs"]
    assert keys.find(secret).expires_at - timezone.now() <= timedelta(hours=2)

    assert staff.delete(f"{URL}{key.pk}/").status_code == 204
    assert staff.get(f"{URL}{key.pk}/").json()["revoked_at"]
    assert_problem(staff.post(f"{URL}{key.pk}/rotate/"), 409, "has ended; create a new key")
    assert_problem(staff.delete(f"{URL}{10**30}/"), 404, "There is no key")


def test_nobody_grants_more_than_they_may_themselves(db):
    minder = signed_in(clerk("add_apikey", "view_modelversion"))
    key, _ = keys.create("ERP", KeyKind.SECRET, scopes=["catalogue:write"])

    assert_problem(minder.post(URL, ERP), 400, "You may not grant catalogue:write")
    assert_problem(minder.post(f"{URL}{key.pk}/rotate/"), 400, "You may not grant catalogue:write")
    assert minder.post(URL, ERP | {"scopes": ["models:read"]}).status_code == 201


def test_a_shopper_makes_no_key(shopper):
    assert_problem(shopper.post(URL, ERP), 403, "This needs the permission access.add_apikey.")
