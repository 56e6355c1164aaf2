import uuid

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from catalog.models import Product
from recommender import memory
from recommender.access import keys
from recommender.access.models import KeyKind
from recommender.api import idempotency
from tests.factories import AccountFactory, image_bytes
from tests.problems import assert_problem
from tests.recommender.api.conftest import signed_in

URL = "/api/v1/products/"


@pytest.fixture
def header() -> dict[str, str]:
    return {"Idempotency-Key": uuid.uuid4().hex}


def send(client, headers, sku: str = "A-1", **fields):
    image = SimpleUploadedFile("a.png", image_bytes())
    body = {"sku": sku, "title": "Boot", "category": "Boots", "price": "5", "image": image} | fields
    return client.post(URL, body, format="multipart", headers=headers)


def test_a_request_that_is_sent_twice_is_done_once(staff, header):
    first, second = send(staff, header), send(staff, header)

    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json() == second.json()
    assert [second.headers[name] == first.headers[name] for name in ("Location", "ETag")] == [True, True]
    assert ["Idempotency-Replayed" in response.headers for response in (first, second)] == [False, True]
    assert Product.objects.count() == 1


@pytest.mark.parametrize("change", [{"title": "Shoe"}, {"image": SimpleUploadedFile("a.png", image_bytes(9))}])
def test_another_request_with_the_same_key_is_refused(staff, header, change):
    send(staff, header)

    assert_problem(send(staff, header, sku="A-1", **change), 422, "Another request was sent with this Idempotency-Key")


def test_what_was_refused_may_be_sent_again(staff, header):
    assert send(staff, header, price="?").status_code == 400
    assert send(staff, header).status_code == 201


def test_each_caller_has_keys_of_its_own(staff, header):
    other = signed_in(AccountFactory(is_staff=True, is_superuser=True))
    server = signed_in(None)
    secret = keys.create("ERP", KeyKind.SECRET, scopes=["catalogue:write"])[1]

    assert send(staff, header).status_code == 201
    assert send(other, header, sku="A-2").status_code == 201
    assert send(server, header | {"Authorization": f"Bearer {secret}"}, sku="A-3").status_code == 201


def test_a_request_that_is_under_way_is_not_done_beside_it(staff, header, monkeypatch):
    stored = []
    monkeypatch.setattr(idempotency, "store", lambda *args: stored.append(args))
    send(staff, header)

    assert_problem(send(staff, header), 409, "A request with this Idempotency-Key is under way")
    [(name, _, _)] = stored
    assert 0 < memory.client().ttl(name) <= idempotency.RUNNING_SECONDS


@pytest.mark.parametrize("key", ["", "a b", "x" * 256])
def test_a_key_that_is_none_is_refused(staff, key):
    assert_problem(send(staff, {"Idempotency-Key": key}), 400, "Idempotency-Key")


def test_without_the_shared_memory_a_key_promises_nothing(staff, header, settings):
    settings.CACHES = {"default": settings.CACHES["default"] | {"LOCATION": "redis://127.0.0.1:1/0"}}

    assert send(staff, header).status_code == 503
    assert send(staff, {}).status_code == 201
