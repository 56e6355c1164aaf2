"""Credentials of the API's callers."""

import re
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Self

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils import timezone

from recommender.access.scopes import SCOPES, permissions_of

ORIGIN = re.compile(r"(?P<scheme>https?)://(\[[0-9a-f:.]+\]|[a-z0-9.-]+)(:(?P<port>[1-9][0-9]{0,4}))?")
USUAL_PORTS, MAX_PORT = {"http": 80, "https": 443}, 65535  # browsers leave the usual one out
LONGEST = timedelta(days=36_500)  # that a key may last
USED_PERIOD = timedelta(minutes=1)  # between two writes of last_used_at


def digest_of(secret: str) -> str:
    """Return what is stored of a secret: its SHA-256 in hexadecimal. 256 random bits need neither salt nor time."""
    return sha256(secret.encode()).hexdigest()


class Credential(models.Model):
    """Secret that a caller sends with each request, of which only the digest is stored."""

    digest = models.CharField(max_length=64, unique=True, editable=False)
    prefix = models.CharField(max_length=12, editable=False)  # the beginning of the secret, to recognise it by
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True, blank=True)  # None: never
    last_used_at = models.DateTimeField(null=True, editable=False)  # exact to USED_PERIOD

    class Meta:
        abstract = True

    @property
    def has_expired(self) -> bool:
        return self.expires_at is not None and self.expires_at <= timezone.now()

    def mark_used(self) -> None:
        """Store the time, at most once in USED_PERIOD."""
        now = timezone.now()
        if self.last_used_at is None or now - self.last_used_at >= USED_PERIOD:
            self.last_used_at = now
            type(self)._default_manager.filter(pk=self.pk).update(last_used_at=now)


class AccountToken(Credential):
    """Token of an account, which ends with a change of the account's password."""

    account = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="tokens")
    session_hash = models.CharField(max_length=128, editable=False)  # the account's get_session_auth_hash()

    class Meta:
        ordering = ["-created_at", "-pk"]

    def __str__(self) -> str:
        return f"token {self.prefix}… of {self.account}"


def check_origin(origin: str) -> None:
    """Raise ValidationError unless this is an origin as browsers send it."""
    found = ORIGIN.fullmatch(origin)
    port = int(found["port"] or 0) if found else 0
    if not found or port == USUAL_PORTS[found["scheme"]] or port > MAX_PORT:
        raise ValidationError(
            "%(origin)s is no origin: https://shop.example, in small letters, with the port if it is not the usual "
            "one, and without a path.",
            params={"origin": repr(origin)},
        )


class KeyKind(models.TextChoices):
    PUBLISHABLE = "publishable", "publishable: in the pages of a storefront, for everybody to see"
    SECRET = "secret", "secret: on a server"


class KeySet(models.QuerySet["ApiKey"]):
    def valid(self) -> Self:
        """Return the keys that are neither revoked nor expired."""
        return self.filter(Q(expires_at=None) | Q(expires_at__gt=timezone.now()), revoked_at=None)


class ApiKey(Credential):
    """Key of a program: publishable, from pages at its origins; or secret, with the permissions of its scopes."""

    name = models.CharField(max_length=100, help_text="What uses it.")
    kind = models.CharField(max_length=11, choices=KeyKind)
    scopes = ArrayField(
        models.CharField(max_length=30, choices=[(scope, scope) for scope in SCOPES]),
        default=list,
        blank=True,
        help_text="Of a secret key: what it may do.",
    )
    origins = ArrayField(
        models.CharField(max_length=300, validators=[check_origin]),
        default=list,
        blank=True,
        help_text="Of a publishable key: the origins of the pages that may use it, such as https://shop.example.",
    )
    rate = models.PositiveIntegerField(
        null=True,
        blank=True,
        help_text="Requests a minute; of a publishable key, from each address. Default: the limit of its kind.",
    )
    revoked_at = models.DateTimeField(null=True, editable=False)

    objects = KeySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-pk"]
        verbose_name = "API key"

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"

    def clean(self) -> None:
        """Raise ValidationError, by field.

        That is for scopes of a publishable key, for a secret key without any, or with origins, and for an end that is
        past, or too far away to be rotated.
        """
        if self.kind == KeyKind.PUBLISHABLE and self.scopes:
            raise ValidationError({"scopes": "A publishable key has no scopes: everybody can read it."})
        if self.kind == KeyKind.SECRET and not self.scopes:
            raise ValidationError({"scopes": "A secret key needs a scope."})
        if self.kind == KeyKind.SECRET and self.origins:
            raise ValidationError({"origins": "A secret key has no origins: it must never be in a page."})
        if self.expires_at and not timedelta(0) < self.expires_at - timezone.now() <= LONGEST:
            raise ValidationError({"expires_at": "A key ends in the future, at most 100 years from now."})
        if self.rate == 0:
            raise ValidationError({"rate": "A key has one request a minute or more; revoke it to allow none."})

    @property
    def is_valid(self) -> bool:
        return self.revoked_at is None and not self.has_expired

    @property
    def ends_at(self) -> datetime | None:
        return self.revoked_at or self.expires_at

    def has_perm(self, permission: str) -> bool:
        """Return whether one of its scopes has one of Django's permissions."""
        return permission in permissions_of(self.scopes)
