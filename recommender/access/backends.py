from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import User
from django.http import HttpRequest

from recommender.access.logins import Attempt, address_of


class CountedBackend(ModelBackend):
    """Django's accounts, to which nobody signs in by trying passwords: page, admin and REST all go through here."""

    def authenticate(
        self, request: HttpRequest | None, username: str | None = None, password: str | None = None, **kwargs: Any
    ) -> User | None:
        """Return the account of a name and a password; None if one is wrong. Raises TooManyAttempts."""
        if request is None or username is None:  # no client
            return super().authenticate(request, username, password, **kwargs)
        attempt = Attempt(username, address_of(request))
        attempt.count()
        account = super().authenticate(request, username, password, **kwargs)
        if account is not None:
            attempt.succeed()
        return account
