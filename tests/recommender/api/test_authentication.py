import pytest

from recommender.access import keys, tokens
from recommender.access.models import AccountToken, ApiKey, KeyKind
from tests.factories import AccountFactory

PRODUCTS, DESIGNS = "/api/v1/products/", "/api/v1/designs/"


@pytest.fixture
def secret(db) -> str:
    return tokens.issue(AccountFactory())[1]


@pytest.mark.parametrize("scheme", ["Token", "Bearer", "bearer"])
def test_both_schemes_take_a_token(guest, secret, scheme):
    assert guest.get(DESIGNS, HTTP_AUTHORIZATION=f"{scheme} {secret}").status_code == 200


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        ("", "The scheme of the header Authorization must be Bearer or Token."),
        ("Basic c2FtOnNlY3JldA==", "The scheme of the header Authorization must be Bearer or Token."),
        ("0123456789", "The scheme of the header Authorization must be Bearer or Token."),
        ("Bearer", "The header Authorization must be Bearer or Token, a space, and one key or token."),
        ("Token a b", "The header Authorization must be Bearer or Token, a space, and one key or token."),
        ("Token \xe9", "The header Authorization must be Bearer or Token, a space, and one key or token."),
        (f"Token {'a' * 201}", "The header Authorization must be Bearer or Token, a space, and one key or token."),
        ("Token a", "This token is not known: it was revoked, or never issued."),
        ("Bearer pk_0123456789", "This key is not known."),
    ],
)
def test_nobody_who_means_to_be_somebody_is_taken_for_a_guest(guest, db, header, reason):
    response = guest.get(PRODUCTS, HTTP_AUTHORIZATION=header)

    assert (response.status_code, response.headers["WWW-Authenticate"]) == (401, "Bearer")
    assert response.headers["Content-Type"] == "application/problem+json"
    assert response.json()["detail"] == reason


def test_a_session_does_not_stand_in_for_a_wrong_token(client, db):
    client.force_login(AccountFactory())

    assert client.get(DESIGNS).status_code == 200
    assert client.get(DESIGNS, HTTP_AUTHORIZATION="Token wrong").status_code == 401


def test_a_guest_costs_no_query_more(guest, db, secret, django_assert_num_queries):
    with django_assert_num_queries(2) as queries:
        guest.get(PRODUCTS)
    assert not [query for query in queries if "access_" in query["sql"]]

    guest.get(PRODUCTS, HTTP_AUTHORIZATION=f"Token {secret}")
    assert AccountToken.objects.get().last_used_at
    with django_assert_num_queries(3):
        guest.get(PRODUCTS, HTTP_AUTHORIZATION=f"Token {secret}")


def test_a_key_is_no_account_and_leaves_the_session_alone(client, db):
    client.force_login(AccountFactory(is_staff=True, is_superuser=True))
    key, secret = keys.create("ERP", KeyKind.SECRET, scopes=["catalogue:read"])

    refused = client.get("/api/v1/models/", HTTP_AUTHORIZATION=f"Bearer {secret}")

    assert refused.status_code == 403
    assert refused.json()["detail"] == "This needs a secret key with the scope models:read or models:write."
    assert ApiKey.objects.get().last_used_at
    keys.revoke(key)
    assert client.get(PRODUCTS, HTTP_AUTHORIZATION=f"Bearer {secret}").json()["detail"] == "This key was revoked."
