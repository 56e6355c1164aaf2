from datetime import timedelta

import pytest
from django.utils import timezone

from recommender.access import tokens
from recommender.access.errors import InvalidCredential
from recommender.access.models import AccountToken
from tests.factories import AccountFactory


@pytest.fixture
def account(db):
    return AccountFactory()


def test_a_token_is_found_by_its_secret_alone(account):
    (first, one), (second, two) = tokens.issue(account), tokens.issue(account)

    assert one != two
    assert (tokens.find(one), tokens.find(two)) == (first, second)
    assert tokens.find(one).account == account
    with pytest.raises(InvalidCredential, match="not known"):
        tokens.find(first.digest)


def test_it_expires(account, settings):
    settings.TOKEN_DAYS = 7
    token, secret = tokens.issue(account)
    assert timedelta(days=6.9) < token.expires_at - timezone.now() <= timedelta(days=7)

    AccountToken.objects.update(expires_at=timezone.now())

    with pytest.raises(InvalidCredential, match="has expired"):
        tokens.find(secret)


def test_it_ends_with_a_change_of_the_password(account):
    _, secret = tokens.issue(account)

    account.set_password("another one")
    account.save()

    with pytest.raises(InvalidCredential, match="password, or the shop's VISREC_SECRET_KEY, changed"):
        tokens.find(secret)
    assert tokens.find(tokens.issue(account)[1])


def test_it_does_not_open_a_closed_account(account):
    _, secret = tokens.issue(account)

    account.is_active = False
    account.save()

    with pytest.raises(InvalidCredential, match="closed"):
        tokens.find(secret)


def test_the_expired_and_the_oldest_make_room(account, monkeypatch):
    monkeypatch.setattr(tokens, "MAX_TOKENS", 2)
    expired, _ = tokens.issue(account)
    AccountToken.objects.update(expires_at=timezone.now())
    foreign, _ = tokens.issue(AccountFactory())

    _, second, third = (tokens.issue(account)[0] for _ in range(3))

    assert set(AccountToken.objects.all()) == {foreign, second, third}
