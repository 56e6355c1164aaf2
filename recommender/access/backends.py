import logging
from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import User
from django.http import HttpRequest

from recommender.access.errors import TooManyAttempts
from recommender.access.logins import Attempt, address_of

log = logging.getLogger(__name__)


class CountedBackend(ModelBackend):
    """Django's accounts, to which nobody signs in by trying passwords: page, admin and REST all go through here."""

    def authenticate(
        self, request: HttpRequest | None, username: str | None = None, password: str | None = None, **kwargs: Any
    ) -> User | None:
        """Return the account of a name and a password; None if one is wrong. Raises TooManyAttempts."""
        if request is None or username is None:  # no client
            return super().authenticate(request, username, password, **kwargs)
        address = address_of(request)
        attempt = Attempt(username, address)
        try:
            attempt.count()
        except TooManyAttempts:
            log.warning("%s: sign-in as %r refused, too many attempts", address, username)
            raise
        account = super().authenticate(request, username, password, **kwargs)
        if account is None:
            log.warning("%s: sign-in as %r failed", address, username)
        else:
            log.info("%s: signed in as %r", address, username)
            attempt.succeed()
        return account
