import re

import pytest

from recommender.access import keys
from recommender.access.models import ApiKey, KeyKind
from tests.factories import clerk

LIST = "/admin/access/apikey/"
FORM = {"name": "ERP", "kind": "secret", "scopes": ["designs"], "origins": "", "rate": ""}
SECRET = re.compile(r"<code>((?:sk|pk)_[\w-]{43})</code>")

pytestmark = pytest.mark.django_db


def test_a_secret_is_shown_once(admin_client):
    response = admin_client.post(f"{LIST}add/", FORM)

    secret = SECRET.search(response.content.decode())[1]
    key = keys.find(secret)
    assert (key.name, key.kind, key.scopes) == ("ERP", "secret", ["designs"])
    for path in (LIST, f"{LIST}{key.pk}/change/"):
        shown = admin_client.get(path).content.decode()
        assert "ERP" in shown
        assert secret not in shown


def test_what_is_wrong_is_shown_at_its_field(admin_client):
    response = admin_client.post(f"{LIST}add/", FORM | {"kind": "publishable", "origins": "https://shop.example"})

    assert "A publishable key has no scopes" in response.content.decode()
    assert not ApiKey.objects.exists()


def test_nobody_grants_more_than_they_may_themselves(client):
    client.force_login(clerk("add_apikey", "view_apikey"))

    response = client.post(f"{LIST}add/", FORM)

    assert "You may not grant designs" in response.content.decode()
    assert not ApiKey.objects.exists()


def test_keys_are_rotated_and_revoked_in_the_list(admin_client):
    key, secret = keys.create("ERP", KeyKind.SECRET, scopes=["designs"])

    rotated = admin_client.post(LIST, {"action": "rotate", "_selected_action": [key.pk]})
    second = keys.find(SECRET.search(rotated.content.decode())[1])
    assert keys.find(secret) == key
    admin_client.post(LIST, {"action": "revoke", "_selected_action": [key.pk, second.pk]})

    assert not ApiKey.objects.valid().exists()
    again = admin_client.post(LIST, {"action": "rotate", "_selected_action": [key.pk]}, follow=True)
    assert "has ended; create a new key" in again.content.decode()
    assert ApiKey.objects.count() == 2


def test_a_key_is_neither_edited_nor_deleted(admin_client):
    key, _ = keys.create("ERP", KeyKind.SECRET, scopes=["designs"])

    assert admin_client.post(f"{LIST}{key.pk}/change/", FORM | {"name": "other"}).status_code == 403
    assert admin_client.post(f"{LIST}{key.pk}/delete/", {"post": "yes"}).status_code == 403
    assert ApiKey.objects.get().name == "ERP"


def test_staff_without_the_permission_see_no_key(client):
    client.force_login(clerk("view_product"))

    assert client.get(LIST).status_code == client.post(f"{LIST}add/", FORM).status_code == 403


@pytest.mark.parametrize("query", ["expires_at=2026-01-01", "scopes=people:read&name=mine"])
def test_a_link_fills_in_nothing(admin_client, query):
    response = admin_client.get(f"{LIST}add/?{query}")

    assert response.status_code == 200
    assert "mine" not in response.content.decode()
    assert "checked" not in response.content.decode()
