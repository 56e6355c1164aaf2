"""Pages of an account, and responses for one account alone."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from django.contrib.auth.forms import PasswordChangeForm
from django.contrib.auth.views import PasswordChangeView
from django.contrib.messages.views import SuccessMessageMixin
from django.http import HttpRequest, HttpResponse

from catalog.visitors import HEADER
from recommender.access.models import ApiKey, KeyKind

if TYPE_CHECKING:
    PasswordMessage = SuccessMessageMixin[PasswordChangeForm]
else:
    PasswordMessage = SuccessMessageMixin  # generic in the stubs alone


ISSUERS = ("api:token", "api:visitors")  # of tokens


class ChangePassword(PasswordMessage, PasswordChangeView):
    """Page on which an account changes its password."""

    template_name = "password.html"
    success_url = "/"
    success_message = "Your password is changed."


class PrivateMiddleware:
    """Forbid caches and browsers to store what one caller was sent, unless its view says otherwise."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if "Cache-Control" not in response and is_for_one(request):
            response["Cache-Control"] = "private, no-store"
        return response


def is_for_one(request: HttpRequest) -> bool:
    """Return whether the response is for one account, guest or secret key, or is one's new token.

    A session that nobody has read stays unread.
    """
    if HEADER in request.headers or (request.resolver_match and request.resolver_match.view_name in ISSUERS):
        return True
    key: ApiKey | None = vars(request).get("api_key")
    if key:
        return key.kind == KeyKind.SECRET
    account = vars(request).get("_cached_user")  # of the session, if a view or a template has asked for it
    return "Authorization" in request.headers or bool(account and account.is_authenticated)
