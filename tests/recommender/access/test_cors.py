import pytest
from django.test import Client

from recommender.access import keys
from recommender.access.models import KeyKind

ORIGIN, OTHER = "https://shop.example", "https://elsewhere.example"
PRODUCTS = "/api/v1/products/"

pytestmark = pytest.mark.django_db


@pytest.fixture
def secret() -> str:
    return keys.create("shop", KeyKind.PUBLISHABLE, origins=[ORIGIN])[1]


def preflight(path: str, origin: str, method: str = "GET"):
    headers = {"Access-Control-Request-Method": method, "Access-Control-Request-Headers": "authorization,x-visitor"}
    return Client().options(path, headers={"Origin": origin, **headers})


def allowed(response) -> str | None:
    return response.headers.get("Access-Control-Allow-Origin")


def test_a_page_reads_responses_at_the_origins_of_its_key(client, secret):
    first = preflight(PRODUCTS, ORIGIN)
    response = client.get(PRODUCTS, headers={"Origin": ORIGIN, "Authorization": f"Bearer {secret}"})

    assert (first.status_code, allowed(first)) == (200, ORIGIN)
    assert {"authorization", "x-visitor"} <= set(first.headers["Access-Control-Allow-Headers"].split(", "))
    assert (response.status_code, allowed(response)) == (200, ORIGIN)
    assert "origin" in response.headers["Vary"].lower()
    assert "Access-Control-Allow-Credentials" not in response.headers


def test_a_page_elsewhere_gets_nothing(client, secret):
    first = preflight(PRODUCTS, OTHER)
    response = client.get(PRODUCTS, headers={"Origin": OTHER, "Authorization": f"Bearer {secret}"})

    assert allowed(first) is None
    assert (response.status_code, allowed(response)) == (403, None)
    assert response.json()["detail"] == f"This key is not for pages at {OTHER}."


@pytest.mark.parametrize("authorization", [None, "Bearer wrong"])
def test_without_the_key_no_page_reads_a_response(client, secret, authorization):
    headers = {"Authorization": authorization} if authorization else {}

    response = client.get(PRODUCTS, headers={"Origin": ORIGIN, **headers})

    assert allowed(response) is None


def test_an_error_can_be_read_as_well(client, secret):
    response = client.get(f"{PRODUCTS}?limit=x", headers={"Origin": ORIGIN, "Authorization": f"Bearer {secret}"})

    assert (response.status_code, allowed(response)) == (400, ORIGIN)


def test_pages_outside_of_the_api_allow_nobody(secret):
    for path in ("/", "/products/", "/admin/login/"):
        assert allowed(preflight(path, ORIGIN, "POST")) is None


def test_a_revoked_key_closes_its_origin(secret):
    keys.revoke(keys.find(secret))

    assert allowed(preflight(PRODUCTS, ORIGIN)) is None


def test_a_secret_key_works_in_no_page(client):
    _, secret = keys.create("ERP", KeyKind.SECRET, scopes=["catalogue:read"])
    own = {"Authorization": f"Bearer {secret}"}

    assert client.get(PRODUCTS, headers={"Origin": OTHER, **own}).status_code == 403
    assert client.get(PRODUCTS, headers={"Origin": "http://testserver", **own}).status_code == 200
    assert client.get(PRODUCTS, headers=own).status_code == 200
    assert allowed(preflight(PRODUCTS, OTHER)) is None
