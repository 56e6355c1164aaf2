"""Cross-origin requests: a page reads the API's responses from an origin that a publishable key names, and no other."""

import re
from typing import Any

from django.conf import settings
from django.http import HttpRequest

from recommender.access.models import ApiKey, KeyKind


def is_allowed(sender: Any, request: HttpRequest, **kwargs: Any) -> bool:
    """Return whether the page of the request may read the response: the receiver of `check_request_enabled`.

    A preflight request, which has no key, is allowed where any valid key names its origin; the request after it only
    if its own key does.
    """
    origin = request.headers.get("Origin", "")
    key: ApiKey | None = vars(request).get("api_key")  # set by recommender.api.authentication
    if key:
        return origin in key.origins
    if not re.match(settings.CORS_URLS_REGEX, request.path_info):
        return False
    if request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers:
        return ApiKey.objects.valid().filter(kind=KeyKind.PUBLISHABLE, origins__contains=[origin]).exists()
    return False


def is_foreign(request: HttpRequest, key: ApiKey) -> bool:
    """Return whether the request comes from a page at an origin that is neither the shop's own nor the key's."""
    origin = request.headers.get("Origin")
    own = f"{request.scheme}://{request.get_host()}"
    return origin is not None and origin != own and origin not in key.origins
