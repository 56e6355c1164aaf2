"""Credentials of the API's callers."""

from datetime import timedelta
from hashlib import sha256

from django.conf import settings
from django.db import models
from django.utils import timezone

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
