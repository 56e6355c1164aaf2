"""Visitors of the shop: a shopper with an account, or a guest known by a session alone."""

import math
import re
import secrets
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from django.contrib.auth.models import AbstractBaseUser, AbstractUser, AnonymousUser
from django.contrib.sessions.models import Session
from django.core import signing
from django.db import transaction
from django.db.models import Q
from django.http import HttpRequest
from django.utils import timezone

from catalog import sessions
from catalog.models import Shopper

HEADER = "X-Visitor"  # of a request, with the guest's token
SIGNED = "visitor-"  # prefix of the ids in visitor tokens: no session of Django's begins with it
TOKEN_AGE = timedelta(days=400)  # after which a visitor token is refused, as long as browsers store a cookie
HASTE = timedelta(seconds=10)  # after which a guest is verified: whoever invents guests has to wait for each
GUEST = "guest"  # in the data of a session: its key, before somebody signs in, and when it began
MERGED = "merged"  # in the data of a session: the key of the guest whose interactions became the shopper's

signer = signing.TimestampSigner(salt="catalog.visitors")

MAX_SESSION_KEY = 40  # characters of Django's column

CRAWLERS = re.compile(r"bot\b|crawl|spider|slurp|preview", re.IGNORECASE)


@dataclass(frozen=True)
class Visitor:
    """A shopper or a session, at most one of the two; neither for a guest who has not done anything yet."""

    shopper: Shopper | None = None
    session: str = ""
    is_verified: bool = False  # a guest whom the shop has known for a while


class BadToken(Exception):
    """A visitor token that the shop did not issue, or too long ago."""


def issue_token() -> str:
    """Return the token of a new guest; nothing is stored."""
    return signer.sign(f"{SIGNED}{secrets.token_hex(16)}")


def read_token(token: str) -> Visitor:
    """Return the guest whose token this is. Raises BadToken."""
    try:
        session = signer.unsign(token, max_age=TOKEN_AGE)
    except signing.BadSignature as error:
        raise BadToken("the visitor token is not valid, or has expired") from error
    try:
        signer.unsign(token, max_age=HASTE)
    except signing.SignatureExpired:
        return Visitor(session=session, is_verified=True)
    return Visitor(session=session)


def find_reserved(named: Iterable[str]) -> set[str]:
    """Return which of these are ids of guests of the shop's pages or of visitor tokens, which nobody else may name."""
    names = set(named)
    keys = {name for name in names if len(name) <= MAX_SESSION_KEY}
    known = Session.objects.filter(session_key__in=keys).values_list("session_key", flat=True)
    return {name for name in names if name.startswith(SIGNED)} | {*known, *sessions.find(keys)}


def delete_expired_sessions(limit: int) -> int:
    """Delete at most `limit` sessions that have expired; return how many. What their guests did stays."""
    expired = Session.objects.filter(expire_date__lt=timezone.now()).values("pk")[:limit]
    return Session.objects.filter(pk__in=expired).delete()[0]


def get_visitor(request: HttpRequest) -> Visitor:
    """Return who sent the request, as far as the shop knows; nothing is stored."""
    # Reading request.user loads the session, which drops a key out of a cookie that no session has.
    if request.user.is_authenticated:
        return Visitor(shopper=find_shopper(request.user))
    began = request.session.get(GUEST, {}).get("began", math.inf)
    is_verified = time.time() - began >= HASTE.total_seconds()
    return Visitor(session=request.session.session_key or "", is_verified=is_verified)


def get_or_create_visitor(request: HttpRequest) -> Visitor:
    """Return who sent the request; a missing shopper or session is created, so that interactions can be stored."""
    if request.user.is_authenticated:
        return Visitor(shopper=find_shopper(request.user) or create_shopper(request.user))
    if not request.session.session_key:
        request.session.create()
    if GUEST not in request.session:
        request.session[GUEST] = {"session": request.session.session_key, "began": time.time()}
    return get_visitor(request)


def find_shopper(account: AbstractBaseUser) -> Shopper | None:
    """Return the account's shopper, or the one whose key is the account's name and who has no account yet."""
    found = Shopper.objects.filter(Q(account=account.pk) | Q(account=None, key=account.get_username()))
    return found.order_by("account").first()  # NULL comes last


@transaction.atomic
def create_shopper(account: AbstractBaseUser) -> Shopper:
    """Create the account's shopper: its key is the account's name, with the account's id behind it if that is taken."""
    name = account.get_username()
    key = f"{name}#{account.pk}" if Shopper.objects.filter(key=name).exists() else name
    shopper, _ = Shopper.objects.get_or_create(account_id=account.pk, defaults={"key": key})
    return shopper


def is_permitted_staff(account: AbstractBaseUser | AnonymousUser, permission: str) -> bool:
    """Return whether an account is of staff and has one of Django's permissions: what the admin requires."""
    return isinstance(account, AbstractUser) and account.is_staff and account.has_perm(permission)


def is_crawler(request: HttpRequest) -> bool:
    return bool(CRAWLERS.search(request.headers.get("User-Agent", "")))
