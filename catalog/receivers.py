"""Receivers of Django's signals: what a guest did becomes the shopper's who signs in."""

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.contrib.auth.signals import user_logged_in
from django.http import HttpRequest

from catalog import interactions, visitors
from catalog.models import Interaction


def merge_guest_on_login(request: HttpRequest, user: AbstractBaseUser, **kwargs: object) -> None:
    # Signing in gives the session another key; the guest's is still in the cookie that came with the request.
    guest = request.COOKIES.get(settings.SESSION_COOKIE_NAME, "")
    if guest and Interaction.objects.filter(session=guest).exists():
        interactions.merge_guest(guest, visitors.find_shopper(user) or visitors.create_shopper(user))


def connect() -> None:
    user_logged_in.connect(merge_guest_on_login, dispatch_uid="merge_guest_on_login")
