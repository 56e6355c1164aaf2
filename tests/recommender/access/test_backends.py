from contextlib import suppress

import pytest
from django.contrib.auth import authenticate

from recommender.access import logins
from recommender.access.errors import TooManyAttempts
from recommender.access.logins import Limit
from tests.factories import AccountFactory


@pytest.fixture
def account(db, monkeypatch):
    monkeypatch.setattr(logins, "PAIR", Limit(2, 10**9))
    return AccountFactory(username="sam")


def test_a_password_is_not_checked_after_too_many_wrong_ones(account, rf):
    request = rf.post("/")
    assert authenticate(request, username="sam", password="secret") == account
    assert [authenticate(request, username="sam", password="wrong") for _ in range(2)] == [None, None]

    with pytest.raises(TooManyAttempts):
        authenticate(request, username="sam", password="secret")

    assert authenticate(None, username="sam", password="secret") == account  # no client


def test_each_attempt_is_in_the_log_without_the_password(account, rf, caplog):
    caplog.set_level("INFO")
    request = rf.post("/", REMOTE_ADDR="10.0.0.1")
    authenticate(request, username="sam", password="secret")
    for _ in range(3):
        with suppress(TooManyAttempts):
            authenticate(request, username="sam\n", password="a wrong one")

    assert [record.getMessage() for record in caplog.records if record.name.endswith("backends")] == [
        "10.0.0.1: signed in as 'sam'",
        "10.0.0.1: sign-in as 'sam\\n' failed",
        "10.0.0.1: sign-in as 'sam\\n' failed",
        "10.0.0.1: sign-in as 'sam\\n' refused, too many attempts",
    ]
    assert "wrong" not in caplog.text


def test_an_account_that_does_not_exist_is_counted_alike(account, rf):
    request = rf.post("/")
    assert [authenticate(request, username="nobody", password="wrong") for _ in range(2)] == [None, None]

    with pytest.raises(TooManyAttempts):
        authenticate(request, username="nobody", password="wrong")
