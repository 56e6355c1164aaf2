from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import ValidationError
from django.utils import timezone

from recommender.access import keys
from recommender.access.errors import InvalidCredential, KeyEnded
from recommender.access.models import LONGEST, ApiKey, KeyKind
from tests.factories import AccountFactory, clerk

pytestmark = pytest.mark.django_db
ORIGIN = "https://shop.example"


def secret_key(**fields) -> tuple[ApiKey, str]:
    return keys.create("ERP", KeyKind.SECRET, **{"scopes": ["catalogue:write"]} | fields)


def test_a_key_is_found_by_its_secret_alone():
    key, secret = keys.create("shop", KeyKind.PUBLISHABLE, origins=[ORIGIN])
    secret_key()

    assert keys.find(secret) == key
    assert (secret[:3], len(secret), key.prefix) == ("pk_", 46, secret[:11])
    for unknown in (key.digest, key.prefix, f"{secret}x"):
        with pytest.raises(InvalidCredential, match="not known"):
            keys.find(unknown)
    assert secret not in str(vars(ApiKey.objects.get(pk=key.pk)))


@pytest.mark.parametrize(
    ("kind", "fields", "field"),
    [
        (KeyKind.PUBLISHABLE, {"scopes": ["catalogue:read"]}, "scopes"),
        (KeyKind.SECRET, {}, "scopes"),
        (KeyKind.SECRET, {"scopes": ["everything"]}, "scopes"),
        (KeyKind.SECRET, {"scopes": ["designs"], "origins": [ORIGIN]}, "origins"),
        (KeyKind.PUBLISHABLE, {"origins": ["shop.example"]}, "origins"),
        (KeyKind.PUBLISHABLE, {"origins": [f"{ORIGIN}/"]}, "origins"),
        (KeyKind.PUBLISHABLE, {"origins": ["*"]}, "origins"),
        (KeyKind.PUBLISHABLE, {"origins": [f"{ORIGIN}:443"]}, "origins"),
        (KeyKind.PUBLISHABLE, {"origins": [f"{ORIGIN}:65536"]}, "origins"),
        (KeyKind.PUBLISHABLE, {"origins": ["http://shop.example:80"]}, "origins"),
        (KeyKind.PUBLISHABLE, {"origins": ["null"]}, "origins"),
        (KeyKind.PUBLISHABLE, {"origins": ["https://*.example"]}, "origins"),
        (KeyKind.PUBLISHABLE, {"rate": 0}, "rate"),
        (KeyKind.PUBLISHABLE, {"expires_at": datetime(2020, 1, 1, tzinfo=UTC)}, "expires_at"),
        (KeyKind.PUBLISHABLE, {"expires_at": datetime.max.replace(tzinfo=UTC)}, "expires_at"),
    ],
)
def test_what_makes_no_sense_is_refused_by_field(kind, fields, field):
    with pytest.raises(ValidationError) as refused:
        keys.create("a key", kind, **fields)

    assert list(refused.value.message_dict) == [field]
    assert not ApiKey.objects.exists()


@pytest.mark.parametrize("origin", ["https://shop.example:8443", "http://127.0.0.1:8000", "http://[::1]:3000"])
def test_origins_with_ports_and_addresses(origin):
    key, _ = keys.create("shop", KeyKind.PUBLISHABLE, origins=[origin])

    assert ApiKey.objects.get().origins == key.origins == [origin]


def test_a_key_ends_when_it_is_revoked_or_expires():
    revoked, first = secret_key()
    expired, second = secret_key()
    ApiKey.objects.filter(pk=expired.pk).update(expires_at=timezone.now() - timedelta(seconds=1))

    keys.revoke(revoked)

    for secret, reason in ((first, "was revoked"), (second, "has expired")):
        with pytest.raises(InvalidCredential, match=reason):
            keys.find(secret)
    assert not ApiKey.objects.valid().exists()


def test_a_rotated_key_works_beside_its_successor_for_a_while():
    old, first = secret_key(rate=7)

    new, second = keys.rotate(old, timedelta(hours=1))

    assert (new.name, new.kind, new.scopes, new.rate) == (old.name, old.kind, old.scopes, 7)
    assert keys.find(first) == old
    assert keys.find(second) == new
    assert new.expires_at is None
    assert timedelta(0) < keys.find(first).expires_at - timezone.now() <= timedelta(hours=1)


def test_a_rotation_prolongs_no_old_key_and_its_successor_lives_as_long():
    soon = timezone.now() + timedelta(minutes=5)
    old, _ = secret_key(expires_at=soon)

    new, _ = keys.rotate(old, timedelta(days=1))

    assert ApiKey.objects.get(pk=old.pk).expires_at == soon
    assert timedelta(minutes=4) < new.expires_at - timezone.now() <= timedelta(minutes=5)


def test_a_key_that_was_to_last_for_ever_is_rotated():
    old, _ = secret_key()
    ApiKey.objects.update(expires_at=datetime.max.replace(tzinfo=UTC))

    new, _ = keys.rotate(old, timedelta(days=1))

    assert new.expires_at - timezone.now() <= LONGEST


def test_what_has_ended_is_not_rotated():
    key, _ = secret_key()
    keys.revoke(key)

    with pytest.raises(KeyEnded, match="create a new key"):
        keys.rotate(key, timedelta(days=1))
    assert ApiKey.objects.count() == 1


def test_nobody_grants_more_than_they_may_themselves():
    scopes = ["catalogue:read", "models:read"]
    keys.check_grant(AccountFactory(is_superuser=True), scopes)

    with pytest.raises(ValidationError, match="grant models:read:"):
        keys.check_grant(clerk("view_product"), scopes)
    with pytest.raises(ValidationError, match="grant catalogue:read, models:read:"):
        keys.check_grant(AnonymousUser(), scopes)


def test_a_request_without_a_key_has_none(rf):
    request = rf.get("/")
    assert keys.key_of(request) is None

    request.auth, _ = secret_key()
    assert keys.key_of(request) == request.auth
    assert keys.is_key("sk_a") and keys.is_key("pk_a") and not keys.is_key("at_a")
