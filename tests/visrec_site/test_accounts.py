"""Signing in and passwords, on the shop's pages and in the admin."""

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.test import Client

from recommender.access import keys, logins, tokens
from recommender.access.errors import InvalidCredential
from recommender.access.logins import Limit
from recommender.access.models import KeyKind
from tests.factories import AccountFactory
from tests.problems import assert_problem


@pytest.fixture
def account(db):
    return AccountFactory(username="sam", is_staff=True)


@pytest.mark.parametrize("path", ["/login/", "/admin/login/"])
def test_too_many_wrong_passwords(client, account, monkeypatch, path):
    monkeypatch.setattr(logins, "PAIR", Limit(2, 10**9))
    for _ in range(2):
        assert client.post(path, {"username": "sam", "password": "wrong"}).status_code == 200

    refused = client.post(path, {"username": "sam", "password": "secret"})

    assert (refused.status_code, int(refused.headers["Retry-After"]) > 1) == (429, True)
    assert "Too many attempts to sign in failed; try again in" in refused.content.decode()
    assert "sessionid" not in client.cookies
    assert client.post(path, {"username": "ann", "password": "wrong"}).status_code == 200


def test_too_many_wrong_passwords_over_rest(client, account, monkeypatch):
    monkeypatch.setattr(logins, "PAIR", Limit(2, 10**9))
    for _ in range(2):
        client.post("/login/", {"username": "sam", "password": "wrong"})

    refused = client.post("/api/v1/auth/token/", {"username": "sam", "password": "secret"})

    assert_problem(refused, 429, "Too many attempts to sign in failed")
    assert int(refused.headers["Retry-After"]) > 1


def test_a_changed_password_ends_what_else_is_signed_in(client, account):
    _, secret = tokens.issue(account)
    other = Client()
    for each in (client, other):
        each.force_login(account)
    new = "correct horse battery"

    form = {"old_password": "secret", "new_password1": new, "new_password2": new}
    changed = client.post("/password/", form, follow=True)

    assert "Your password is changed." in changed.content.decode()
    assert client.get("/password/").status_code == 200
    assert other.get("/password/").status_code == 302
    with pytest.raises(InvalidCredential):
        tokens.find(secret)
    assert get_user_model().objects.get().check_password(new)


@pytest.mark.parametrize(
    ("password", "reason"),
    [("eleven char", "too short"), ("123456qwerty", "too common"), ("samantha-smith", "too similar to the username")],
)
def test_a_password_that_is_guessed_first_is_refused(password, reason):
    account = AccountFactory.build(username="samantha.smith")

    with pytest.raises(ValidationError, match=reason):
        validate_password(password, account)


@pytest.mark.parametrize("password", ["a" * 6 + "b" * 6 + "!", "8102736450918", "ünïcödé ☃ pass", "x1" * 64])
def test_any_characters_make_a_password(password):
    validate_password(password, AccountFactory.build(username="sam"))


def with_key(kind: KeyKind, **fields) -> dict[str, str]:
    return {"Authorization": f"Bearer {keys.create('a key', kind, **fields)[1]}"}


def test_nothing_is_stored_of_what_one_account_or_secret_key_was_sent(client, account, settings):
    (settings.MEDIA_ROOT / "designs").mkdir(parents=True)
    (settings.MEDIA_ROOT / "designs" / "a.png").touch()
    for path in ("/", "/api/v1/products/"):
        assert "no-store" not in client.get(path).headers.get("Cache-Control", "")
    page = with_key(KeyKind.PUBLISHABLE)
    assert client.get("/api/v1/products/", headers=page).headers["Cache-Control"] == "public, no-cache"

    client.force_login(account)
    for path in ("/", "/for-you/", "/api/v1/products/", "/api/v1/auth/tokens/"):
        assert client.get(path).headers["Cache-Control"] == "private, no-store"
    assert "no-store" in client.get("/admin/").headers["Cache-Control"]
    image = client.get("/media/designs/a.png")
    assert b"".join(image) == b""  # closes the file
    assert image.headers["Cache-Control"] == "private, max-age=86400, immutable"
    for headers in (
        with_key(KeyKind.SECRET, scopes=["catalogue:read"]),
        {"Authorization": f"Token {tokens.issue(account)[1]}"},
    ):
        response = Client().get("/api/v1/products/", headers=headers)
        assert (response.status_code, response.headers["Cache-Control"]) == (200, "private, no-store")


def test_nothing_is_stored_of_what_a_guest_s_token_is_sent_nor_of_new_tokens(client, account):
    issued = client.post("/api/v1/visitors/")
    headers = {"X-Visitor": issued.json()["visitor"]}
    own = [client.get(f"/api/v1/visitors/me/{path}/", headers=headers) for path in ("interactions", "export")]
    b"".join(own[1].streaming_content)
    signed_in = client.post("/api/v1/auth/token/", {"username": "a", "password": "b"})

    for response in (issued, *own, signed_in):
        assert response.headers["Cache-Control"] == "private, no-store"
