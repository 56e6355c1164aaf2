import pytest
from rest_framework.authtoken.models import Token

from tests.factories import AccountFactory

URL = "/api/v1/auth/token/"


@pytest.fixture(autouse=True)
def account(db):
    return AccountFactory(username="sam", is_staff=True)


@pytest.mark.parametrize("format", ["json", "multipart"])
def test_a_name_and_a_password_give_the_token(guest, account, format):
    response = guest.post(URL, {"username": "sam", "password": "secret"}, format=format)

    assert (response.status_code, response.json()) == (200, {"token": Token.objects.get(user=account).key})


def test_the_token_opens_what_is_for_its_account(guest):
    token = guest.post(URL, {"username": "sam", "password": "secret"}).json()["token"]

    refused = guest.post("/api/v1/products/", {})
    guest.credentials(HTTP_AUTHORIZATION=f"Token {token}")
    let_in = guest.post("/api/v1/products/", {})

    assert (refused.status_code, let_in.status_code) == (401, 400)


@pytest.mark.parametrize("password", ["wrong", "secret ", ""])
def test_a_wrong_password_gives_none(guest, password):
    response = guest.post(URL, {"username": "sam", "password": password})

    assert response.status_code == 400
    assert not Token.objects.exists()


def test_a_stale_token_is_refused_but_keeps_nobody_from_a_new_one(guest):
    guest.credentials(HTTP_AUTHORIZATION="Token stale")

    assert guest.get("/api/v1/products/").status_code == 401
    assert guest.post(URL, {"username": "sam", "password": "secret"}).status_code == 200


def test_attempts_are_counted(guest, monkeypatch):
    monkeypatch.setattr("recommender.api.throttling.TokenThrottle.rate", "2/min", raising=False)

    attempts = [guest.post(URL, {"username": "sam", "password": "wrong"}) for _ in range(3)]

    assert [attempt.status_code for attempt in attempts] == [400, 400, 429]
