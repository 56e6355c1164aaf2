"""Visitors of the shop: a shopper with an account, or a guest known by a session alone."""

import re
from dataclasses import dataclass

from django.contrib.auth.models import AbstractBaseUser, AbstractUser, AnonymousUser
from django.db import transaction
from django.db.models import Q
from django.http import HttpRequest

from catalog.models import Shopper

CRAWLERS = re.compile(r"bot\b|crawl|spider|slurp|preview", re.IGNORECASE)


@dataclass(frozen=True)
class Visitor:
    """A shopper or a session, at most one of the two; neither for a guest who has not done anything yet."""

    shopper: Shopper | None = None
    session: str = ""


def get_visitor(request: HttpRequest) -> Visitor:
    """Return who sent the request, as far as the shop knows; nothing is stored."""
    # Reading request.user loads the session, which drops a key out of a cookie that no session has.
    if request.user.is_authenticated:
        return Visitor(shopper=find_shopper(request.user))
    return Visitor(session=request.session.session_key or "")


def get_or_create_visitor(request: HttpRequest) -> Visitor:
    """Return who sent the request; a missing shopper or session is created, so that interactions can be stored."""
    if request.user.is_authenticated:
        return Visitor(shopper=find_shopper(request.user) or create_shopper(request.user))
    if not request.session.session_key:
        request.session.create()
    return Visitor(session=request.session.session_key or "")


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
