from datetime import timedelta

import pytest
from django.utils import timezone

from recommender.access import tokens
from recommender.access.models import USED_PERIOD, AccountToken, Credential, digest_of
from tests.factories import AccountFactory

NOW = timezone.now()


@pytest.fixture
def token(db) -> AccountToken:
    return tokens.issue(AccountFactory())[0]


@pytest.mark.parametrize(("expires_at", "expired"), [(None, False), (NOW - timedelta(seconds=1), True), (NOW, True)])
def test_a_credential_expires_at_its_time(expires_at, expired):
    assert AccountToken(expires_at=expires_at).has_expired is expired


def test_a_secret_is_stored_as_its_digest_alone():
    assert digest_of("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert {field.name for field in Credential._meta.get_fields()} == {
        "digest",
        "prefix",
        "created_at",
        "expires_at",
        "last_used_at",
    }


def test_its_use_is_stored_once_a_minute(token, django_assert_num_queries):
    with django_assert_num_queries(1):
        token.mark_used()
        token.mark_used()
    stored = AccountToken.objects.get()
    assert stored.last_used_at == token.last_used_at

    stored.last_used_at -= USED_PERIOD
    with django_assert_num_queries(1):
        stored.mark_used()
    assert AccountToken.objects.get().last_used_at >= token.last_used_at
