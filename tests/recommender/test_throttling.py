import pytest
from rest_framework.test import APIClient

from recommender.access import keys
from recommender.access.models import KeyKind
from recommender.throttling import (
    PORTIONS,
    AccountThrottle,
    AnonymousThrottle,
    Counter,
    PublishableThrottle,
    SecretThrottle,
)
from tests.factories import AccountFactory
from tests.recommender.api.conftest import signed_in

URL = "/api/v1/products/"


@pytest.fixture
def guest(db) -> APIClient:
    return APIClient()


@pytest.fixture
def clock(monkeypatch):
    now = [1_000_000_020.0]  # where a minute begins
    for throttle in (AnonymousThrottle, AccountThrottle, PublishableThrottle, SecretThrottle):
        monkeypatch.setattr(throttle, "timer", lambda self: now[0])
        monkeypatch.setattr(throttle, "rate", "2/min", raising=False)
    return now


def statuses(client, number: int, **headers) -> list[int]:
    return [client.get(URL, **headers).status_code for _ in range(number)]


def test_too_many_requests_are_refused_until_the_window_ends(guest, clock):
    assert statuses(guest, 3) == [200, 200, 429]

    clock[0] += 45
    refused = guest.get(URL)
    clock[0] += 15

    assert refused.headers["Retry-After"] == "15"
    assert refused.headers["Content-Type"] == "application/problem+json"
    assert guest.get(URL).status_code == 200


def test_each_address_and_each_account_is_counted_by_itself(guest, clock):
    ann, bob = (signed_in(AccountFactory()) for _ in range(2))

    assert statuses(guest, 3) == [200, 200, 429]
    assert statuses(guest, 1, REMOTE_ADDR="10.0.0.7") == [200]
    assert statuses(ann, 3) == [200, 200, 429]
    assert statuses(bob, 1) == [200]


def test_a_network_of_ipv6_that_one_client_has_is_counted_as_one(guest, clock):
    for address, status in (
        ("2001:db8::1", 200),
        ("2001:db8::2", 200),
        ("2001:db8::3:4", 429),
        ("2001:db8:0:1::1", 200),
    ):
        assert statuses(guest, 1, REMOTE_ADDR=address) == [status]


def test_a_header_that_anybody_can_send_makes_no_other_caller(guest, clock):
    statuses(guest, 2)

    assert statuses(guest, 1, HTTP_X_FORWARDED_FOR="10.0.0.7") == [429]


def test_without_redis_everybody_is_let_through(guest, clock, settings, caplog):
    nobody = {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": "unix:///nowhere/redis.sock"}
    settings.CACHES = {"default": nobody}

    assert statuses(guest, 3) == [200, 200, 200]
    assert "Redis is unavailable" in caplog.text


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        (URL, {"Authorization": "Bearer sk_unknown"}, 401),
        (URL, {"Authorization": "Digest x"}, 401),
        ("/api/v1/auth/tokens/", {}, 401),
        ("/api/v1/visitors/me/interactions/", {"X-Visitor": "forged"}, 401),
    ],
)
def test_a_caller_who_is_refused_is_counted_as_well(guest, clock, path, headers, status):
    responses = [guest.get(path, headers=headers) for _ in range(3)]

    assert [response.status_code for response in responses] == [status, status, 429]
    assert [response.headers["RateLimit-Remaining"] for response in responses] == ["1", "0", "0"]


def test_an_account_that_lacks_a_permission_is_counted(clock, db):
    account = signed_in(AccountFactory())

    assert [account.get("/api/v1/keys/").status_code for _ in range(3)] == [403, 403, 429]


def test_each_response_has_the_limit_that_is_reached_first(guest, clock):
    clock[0] += 15
    responses = [guest.get(URL) for _ in range(3)]

    assert [response.headers["RateLimit-Remaining"] for response in responses] == ["1", "0", "0"]
    assert {response.headers["RateLimit-Limit"] for response in responses} == {"2"}
    assert {response.headers["RateLimit-Reset"] for response in responses} == {"45"}


def with_key(kind: KeyKind, **fields) -> APIClient:
    _, secret = keys.create("a key", kind, **fields)
    return APIClient(HTTP_AUTHORIZATION=f"Bearer {secret}")


def test_a_secret_key_is_counted_by_itself_wherever_it_is_used(guest, clock):
    erp, other = (with_key(KeyKind.SECRET, scopes=["catalogue:read"]) for _ in range(2))

    assert statuses(erp, 2) == [200, 200]
    assert statuses(erp, 1, REMOTE_ADDR="10.0.0.7") == [429]
    assert statuses(other, 1) == statuses(guest, 1) == [200]


def test_a_publishable_key_is_counted_for_each_visitor_of_its_pages(guest, clock):
    shop = with_key(KeyKind.PUBLISHABLE)

    assert statuses(shop, 3) == [200, 200, 429]
    assert statuses(shop, 1, REMOTE_ADDR="10.0.0.7") == statuses(guest, 1) == [200]


@pytest.mark.parametrize("kind", list(KeyKind))
def test_a_key_may_have_its_own_rate(db, clock, kind):
    scopes = ["catalogue:read"] if kind == KeyKind.SECRET else []

    assert statuses(with_key(kind, rate=3, scopes=scopes), 4) == [200, 200, 200, 429]


def test_processes_let_at_most_a_portion_each_pass_beyond_a_large_limit():
    limit, processes = 1000, [Counter() for _ in range(3)]

    passed = sum(process.add("ann", limit, 60) <= limit for _ in range(limit) for process in processes)

    assert limit <= passed <= limit + len(processes) * limit // PORTIONS


def test_a_process_asks_for_the_count_once_a_portion():
    counter, others = Counter(), Counter()
    for _ in range(500):
        others.add("ann", 1000, 60)

    counts = [counter.add("ann", 1000, 60) for _ in range(20)]

    assert counts == [*range(1, 10), *range(510, 520), 520]
