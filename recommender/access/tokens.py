"""Tokens of accounts: issued for a password, found by their secret, revoked."""

import secrets
from datetime import timedelta

from django.conf import settings
from django.contrib.auth.models import User
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from recommender.access.errors import InvalidCredential
from recommender.access.models import AccountToken, digest_of

PREFIX = "at_"
PREFIX_LENGTH = 8  # characters of a secret that are stored
MAX_TOKENS = 100  # of one account; the oldest make room


def issue(account: User) -> tuple[AccountToken, str]:
    """Create a token for an account, and remove those that have expired. Returns it with its secret."""
    secret = f"{PREFIX}{secrets.token_urlsafe(32)}"
    now = timezone.now()
    token = AccountToken.objects.create(
        account=account,
        digest=digest_of(secret),
        prefix=secret[:PREFIX_LENGTH],
        expires_at=now + timedelta(days=settings.TOKEN_DAYS),
        session_hash=account.get_session_auth_hash(),
    )
    own = AccountToken.objects.filter(account=account)
    own.filter(expires_at__lte=now).delete()
    AccountToken.objects.filter(pk__in=list(own.values_list("pk", flat=True)[MAX_TOKENS:])).delete()
    return token, secret


def find(secret: str) -> AccountToken:
    """Return the token of this secret, with its account. Raises InvalidCredential, with the reason."""
    token = AccountToken.objects.select_related("account").filter(digest=digest_of(secret)).first()
    if token is None:
        raise InvalidCredential("this token is not known: it was revoked, or never issued")
    if token.has_expired:
        raise InvalidCredential("this token has expired; auth/token/ issues a new one")
    if not constant_time_compare(token.session_hash, token.account.get_session_auth_hash()):
        raise InvalidCredential(
            "this token ended when its account's password, or the shop's VISREC_SECRET_KEY, changed;"
            " auth/token/ issues a new one"
        )
    if not token.account.is_active:
        raise InvalidCredential("the account of this token is closed")
    return token
