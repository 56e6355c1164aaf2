"""Receivers of Django's signals: what a guest did becomes the shopper's who signs in."""

from django.contrib.auth.models import AbstractBaseUser
from django.contrib.auth.signals import user_logged_in
from django.http import HttpRequest

from catalog import interactions, queries, visitors


def merge_guest_on_login(request: HttpRequest, user: AbstractBaseUser, **kwargs: object) -> None:
    # Signing in gives the session another key; the guest's is in its data. The cookie says what its sender wishes.
    guest = request.session.pop(visitors.GUEST, {}).get("session", "")
    if queries.interactions_of(session=guest).exists():
        interactions.merge_guest(guest, visitors.find_shopper(user) or visitors.create_shopper(user))
        request.session[visitors.MERGED] = guest


def connect() -> None:
    user_logged_in.connect(merge_guest_on_login, dispatch_uid="merge_guest_on_login")
