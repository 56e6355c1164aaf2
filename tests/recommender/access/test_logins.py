import pytest

from recommender.access import logins
from recommender.access.errors import TooManyAttempts
from recommender.access.logins import ACCOUNT, ADDRESS, PAIR, Attempt, Limit, address_of, network_of


@pytest.fixture
def clock(monkeypatch):
    now = [1_000_000_800.0]  # where a quarter of an hour begins
    monkeypatch.setattr(logins.time, "time", lambda: now[0])
    return now


@pytest.fixture
def few(monkeypatch, clock):
    """Limits that are reached sooner."""
    for name, attempts in (("PAIR", 2), ("ADDRESS", 4), ("ACCOUNT", 6)):
        monkeypatch.setattr(logins, name, Limit(attempts, 900))


def tried(name: str, address: str, times: int = 1) -> list[bool]:
    """Whether each of some attempts, all of which fail, is let through."""
    return [is_let_through(Attempt(name, address)) for _ in range(times)]


def is_let_through(attempt: Attempt) -> bool:
    try:
        attempt.count()
    except TooManyAttempts:
        return False
    return True


def test_the_limits_are_those_of_the_asvs():
    """ASVS 4.0.3, 2.2.1: no more than 100 failed attempts an hour on one account, from one address."""
    assert PAIR.attempts * 3600 / PAIR.seconds <= 100
    assert (ACCOUNT.attempts, ACCOUNT.seconds) == (100, 3600)
    assert ADDRESS.attempts > PAIR.attempts


def test_one_address_may_try_one_account_some_times_in_a_window(few, clock):
    assert tried("sam", "10.0.0.1", 3) == [True, True, False]
    assert tried("ann", "10.0.0.1") == tried("sam", "10.0.0.2") == [True]

    clock[0] += 600
    with pytest.raises(TooManyAttempts, match="try again in 5 minutes") as refused:
        Attempt("sam", "10.0.0.1").count()
    assert refused.value.wait == 300

    clock[0] += 300
    assert tried("sam", "10.0.0.1") == [True]


def test_one_address_may_not_try_many_accounts(few):
    assert [tried(f"a{number}", "10.0.0.1")[0] for number in range(5)] == [True] * 4 + [False]
    assert tried("a9", "10.0.0.2") == [True]


def test_many_addresses_may_not_try_one_account(few):
    assert [tried("sam", f"10.0.0.{number}")[0] for number in range(7)] == [True] * 6 + [False]
    assert tried("ann", "10.0.0.99") == [True]


def test_strangers_do_not_lock_an_owner_out(few):
    Attempt("sam", "192.0.2.7").succeed()
    assert not all(tried("sam", f"10.0.0.{number}")[0] for number in range(7))

    assert tried("sam", "192.0.2.7", 3) == [True, True, False]


def test_what_was_refused_counts_for_no_other_limit(few):
    tried("sam", "10.0.0.1", 50)

    assert tried("ann", "10.0.0.1", 2) == [True, True]
    assert tried("sam", "10.0.0.2", 2) == [True, True]


def test_a_success_is_not_counted(few):
    for _ in range(20):
        attempt = Attempt("sam", "10.0.0.1")
        attempt.count()
        attempt.succeed()

    assert tried("sam", "10.0.0.1", 2) == [True, True]


def test_nothing_of_the_caller_can_be_read_in_redis(few):
    assert logins.key_of("pair", "sam\udc80", "10.0.0.1").startswith("login:pair:")
    assert "sam" not in logins.key_of("pair", "sam", "10.0.0.1")


def test_without_redis_everybody_is_let_through(few, settings, caplog):
    nobody = {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": "unix:///nowhere/redis.sock"}
    settings.CACHES = {"default": nobody}

    assert tried("sam", "10.0.0.1", 3) == [True] * 3
    Attempt("sam", "10.0.0.1").succeed()
    assert "Redis is unavailable" in caplog.text


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("10.0.0.1", "10.0.0.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("", ""),
        ("unknown", "unknown"),
        ("::ffff:10.0.0.1", "10.0.0.1"),
    ],
)
def test_ipv6_is_counted_by_networks(address, network):
    assert network_of(address) == network


def test_a_header_that_anybody_can_send_makes_no_other_address(rf):
    assert address_of(rf.get("/", REMOTE_ADDR="10.0.0.1", HTTP_X_FORWARDED_FOR="10.0.0.7")) == "10.0.0.1"
