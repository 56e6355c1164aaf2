"""Authentication by the header Authorization; without one, Django's session identifies the caller."""

import re

from django.contrib.auth.models import AnonymousUser, User
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied
from rest_framework.request import Request

from recommender.access import cors, keys, tokens
from recommender.access.errors import InvalidCredential
from recommender.access.models import AccountToken, ApiKey
from recommender.api.problems import as_sentence

SCHEMES = ("bearer", "token")
SECRET = re.compile(r"[\w.~+/=-]{1,200}", re.ASCII)

Identity = tuple[User, AccountToken] | tuple[AnonymousUser, ApiKey]


class CredentialAuthentication(BaseAuthentication):
    """Authentication by `Authorization: Bearer …` or `Token …`, which mean the same, with a key or an account's token.

    Any other header is refused: a caller who means to be somebody is never taken for a guest.
    """

    def authenticate(self, request: Request) -> Identity | None:
        header = request.headers.get("Authorization")
        if header is None:
            return None
        scheme, _, secret = header.strip().partition(" ")
        if scheme.lower() not in SCHEMES:
            raise AuthenticationFailed("The scheme of the header Authorization must be Bearer or Token.")
        if not SECRET.fullmatch(secret):
            raise AuthenticationFailed(
                "The header Authorization must be Bearer or Token, a space, and one key or token."
            )
        try:
            return by_key(request, secret) if keys.is_key(secret) else by_token(secret)
        except InvalidCredential as error:
            raise AuthenticationFailed(as_sentence(error)) from error

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"  # of WWW-Authenticate, which makes a refusal a 401


def by_token(secret: str) -> tuple[User, AccountToken]:
    """Return the account of a token. Raises InvalidCredential."""
    token = tokens.find(secret)
    token.mark_used()
    return token.account, token


def by_key(request: Request, secret: str) -> tuple[AnonymousUser, ApiKey]:
    """Return the key, which is of no account. Raises InvalidCredential, and PermissionDenied at a foreign origin."""
    key = keys.find(secret)
    if cors.is_foreign(request._request, key):
        raise PermissionDenied(f"This key is not for pages at {request.headers['Origin']}.")
    key.mark_used()
    vars(request._request)["api_key"] = key
    return AnonymousUser(), key
