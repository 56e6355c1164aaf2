import pytest
from rest_framework.test import APIClient

from recommender.access import tokens
from recommender.access.models import AccountToken
from tests.factories import AccountFactory

URL, OWN = "/api/v1/auth/token/", "/api/v1/auth/tokens/"


@pytest.fixture(autouse=True)
def account(db):
    return AccountFactory(username="sam", is_superuser=True, is_staff=True)


def holder_of(secret: str) -> APIClient:
    return APIClient(HTTP_AUTHORIZATION=f"Token {secret}")


@pytest.mark.parametrize("format", ["json", "multipart"])
def test_a_name_and_a_password_give_a_token(guest, account, format):
    response = guest.post(URL, {"username": "sam", "password": "secret"}, format=format)

    assert response.status_code == 200
    assert tokens.find(response.json()["token"]).account == account
    assert response.json()["expires_at"] > "2026"


def test_the_token_opens_what_is_for_its_account(guest):
    token = guest.post(URL, {"username": "sam", "password": "secret"}).json()["token"]

    refused = guest.post("/api/v1/products/", {})
    let_in = holder_of(token).post("/api/v1/products/", {})

    assert (refused.status_code, let_in.status_code) == (401, 400)


@pytest.mark.parametrize("password", ["wrong", "secret ", ""])
def test_a_wrong_password_gives_none(guest, password):
    response = guest.post(URL, {"username": "sam", "password": password})

    assert response.status_code == 400
    assert not AccountToken.objects.exists()


def test_a_stale_token_is_refused_but_keeps_nobody_from_a_new_one(guest):
    guest.credentials(HTTP_AUTHORIZATION="Token stale")

    assert guest.get("/api/v1/products/").status_code == 401
    assert guest.post(URL, {"username": "sam", "password": "secret"}).status_code == 200


def test_attempts_are_counted(guest, monkeypatch):
    monkeypatch.setattr("recommender.throttling.TokenThrottle.rate", "2/min", raising=False)

    attempts = [guest.post(URL, {"username": "sam", "password": "wrong"}) for _ in range(3)]

    assert [attempt.status_code for attempt in attempts] == [400, 400, 429]


def test_an_account_sees_its_own_tokens_without_their_secrets(account):
    (first, one), (second, two) = tokens.issue(account), tokens.issue(account)
    tokens.issue(AccountFactory())

    shown = holder_of(one).get(OWN).json()

    assert shown["count"] == 2
    assert [row["id"] for row in shown["results"]] == [second.pk, first.pk]
    assert [row["is_current"] for row in shown["results"]] == [False, True]
    assert shown["results"][0] | {"created_at": None, "expires_at": None} == {
        "id": second.pk,
        "prefix": two[:8],
        "created_at": None,
        "expires_at": None,
        "last_used_at": None,
        "is_current": False,
    }


def test_an_account_revokes_its_own_tokens_alone(account):
    (first, one), (other, two) = tokens.issue(account), tokens.issue(AccountFactory())
    owner = holder_of(one)

    assert owner.delete(f"{OWN}{other.pk}/").status_code == 404
    assert owner.delete(f"{OWN}{first.pk}/").status_code == 204

    assert owner.get(OWN).status_code == 401
    assert holder_of(two).get(OWN).status_code == 200


def test_a_guest_has_none(guest):
    assert guest.get(OWN).status_code == 401
    assert guest.delete(f"{OWN}{10**30}/").status_code == 401
