"""API keys: created, found by their secret, rotated and revoked. A secret is returned once; its digest is stored."""

import logging
import secrets
from datetime import datetime, timedelta

from django.contrib.auth.models import AbstractUser, AnonymousUser
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from recommender.access.errors import InvalidCredential, KeyEnded
from recommender.access.models import LONGEST, ApiKey, KeyKind, digest_of
from recommender.access.scopes import SCOPES

MAX_OVERLAP = timedelta(days=90)  # of a rotation

log = logging.getLogger(__name__)

PREFIXES = {KeyKind.PUBLISHABLE: "pk_", KeyKind.SECRET: "sk_"}
PREFIX_LENGTH = 11  # characters of a secret that are stored


def key_of(request: HttpRequest) -> ApiKey | None:
    """Return the key by which the API knows the caller of a request; None for an account and for a guest."""
    auth: object = getattr(request, "auth", None)
    return auth if isinstance(auth, ApiKey) else None


def is_key(secret: str) -> bool:
    """Return whether this has the form of a key, not of an account's token."""
    return secret.startswith(tuple(PREFIXES.values()))


def create(
    name: str,
    kind: KeyKind,
    *,
    scopes: list[str] | None = None,
    origins: list[str] | None = None,
    rate: int | None = None,
    expires_at: datetime | None = None,
) -> tuple[ApiKey, str]:
    """Create a key. Returns it with its secret. Raises ValidationError, by field."""
    key = ApiKey(name=name, kind=kind, scopes=scopes or [], origins=origins or [], rate=rate, expires_at=expires_at)
    return key, store(key)


def store(key: ApiKey) -> str:
    """Store a new key, and return its secret. Raises ValidationError, by field."""
    key.full_clean(exclude=["digest", "prefix"])
    secret = f"{PREFIXES[KeyKind(key.kind)]}{secrets.token_urlsafe(32)}"
    key.digest, key.prefix = digest_of(secret), secret[:PREFIX_LENGTH]
    key.save(force_insert=True)
    log.info("key %s created: %r, %s", key.prefix, key.name, ", ".join(key.scopes or key.origins))
    return secret


def find(secret: str) -> ApiKey:
    """Return the key of this secret. Raises InvalidCredential, with the reason."""
    key = ApiKey.objects.filter(digest=digest_of(secret)).first()
    if key is None:
        raise InvalidCredential("this key is not known")
    if key.revoked_at:
        raise InvalidCredential("this key was revoked")
    if key.has_expired:
        raise InvalidCredential("this key has expired")
    return key


@transaction.atomic
def rotate(key: ApiKey, overlap: timedelta) -> tuple[ApiKey, str]:
    """Create a key like this one, which ends after the overlap, or when it would have ended anyway.

    Returns the new key with its secret. Raises KeyEnded.
    """
    old = ApiKey.objects.select_for_update().get(pk=key.pk)
    if not old.is_valid:
        raise KeyEnded(f"{old} has ended; create a new key")
    lasts = None if old.expires_at is None else min(old.expires_at - old.created_at, LONGEST)
    created = create(
        old.name,
        KeyKind(old.kind),
        scopes=old.scopes,
        origins=old.origins,
        rate=old.rate,
        expires_at=None if lasts is None else timezone.now() + lasts,
    )
    end = timezone.now() + overlap
    old.expires_at = min(end, old.expires_at) if old.expires_at else end
    old.save(update_fields=["expires_at"])
    return created


def revoke(key: ApiKey) -> None:
    """Stop a key at once. Its row stays, to be seen in the list."""
    if ApiKey.objects.filter(pk=key.pk, revoked_at=None).update(revoked_at=timezone.now()):
        log.info("key %s revoked", key.prefix)


def check_grant(account: AbstractUser | AnonymousUser, scopes: list[str]) -> None:
    """Raise ValidationError for scopes with permissions that the account does not have itself."""
    missing = [scope for scope in scopes if not all(account.has_perm(name) for name in SCOPES.get(scope, ()))]
    if missing:
        reason = f"You may not grant {', '.join(missing)}: you do not have the permissions yourself."
        raise ValidationError({"scopes": reason})
