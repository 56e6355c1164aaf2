"""Hears who signs in, and keeps what they did as a guest."""

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.contrib.auth.signals import user_logged_in
from django.http import HttpRequest

from catalog import interactions, visitors
from catalog.models import Interaction


def keep_what_the_guest_did(request: HttpRequest, user: AbstractBaseUser, **kwargs) -> None:
    # Signing in gives the session another key; the guest's is still in the cookie that came with the request.
    guest = request.COOKIES.get(settings.SESSION_COOKIE_NAME, "")
    if guest and Interaction.objects.filter(session=guest).exists():
        interactions.merge_guest(guest, visitors.find_shopper(user) or visitors.create_shopper(user))


def connect() -> None:
    user_logged_in.connect(keep_what_the_guest_did, dispatch_uid="keep_what_the_guest_did")
