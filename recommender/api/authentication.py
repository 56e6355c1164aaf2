"""Authentication by the header Authorization; without one, Django's session identifies the caller."""

import re

from django.contrib.auth.models import User
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from recommender.access import tokens
from recommender.access.errors import InvalidCredential
from recommender.access.models import AccountToken
from recommender.api.problems import as_sentence

SCHEMES = ("bearer", "token")
SECRET = re.compile(r"[\w.~+/=-]{1,200}", re.ASCII)


class CredentialAuthentication(BaseAuthentication):
    """Authentication by `Authorization: Bearer …` or `Token …`, which mean the same.

    Any other header is refused: a caller who means to be somebody is never taken for a guest.
    """

    def authenticate(self, request: Request) -> tuple[User, AccountToken] | None:
        header = request.headers.get("Authorization")
        if header is None:
            return None
        scheme, _, secret = header.strip().partition(" ")
        if scheme.lower() not in SCHEMES:
            raise AuthenticationFailed("The scheme of the header Authorization must be Bearer or Token.")
        if not SECRET.fullmatch(secret):
            raise AuthenticationFailed("The header Authorization must be Bearer or Token, a space, and the token.")
        try:
            token = tokens.find(secret)
        except InvalidCredential as error:
            raise AuthenticationFailed(as_sentence(error)) from error
        token.mark_used()
        return token.account, token

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"  # of WWW-Authenticate, which makes a refusal a 401
