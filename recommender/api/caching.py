"""Public responses that caches may store, as long as they ask each time whether they are still the same."""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeAlias

from django.http.response import HttpResponse, HttpResponseBase
from django.middleware.http import ConditionalGetMiddleware
from django.utils.cache import patch_cache_control, patch_vary_headers
from rest_framework.request import Request
from rest_framework.response import Response

from recommender.access.keys import key_of
from recommender.access.models import KeyKind

Method: TypeAlias = Callable[..., HttpResponseBase]


def revalidated(method: Method) -> Method:
    """Allow caches to store what a view's GET returns to guests, with an ETag by which they ask for it again.

    Nothing is stored that an account or a secret key was sent: visrec_site.accounts.
    """

    @wraps(method)
    def get(view: Any, request: Request, *args: Any, **kwargs: Any) -> HttpResponseBase:
        response = method(view, request, *args, **kwargs)
        key = key_of(request)
        if request.user.is_authenticated or (key and key.kind == KeyKind.SECRET):
            return response
        patch_cache_control(response, public=True, no_cache=True)
        patch_vary_headers(response, ["Authorization", "Cookie"])
        if isinstance(response, Response):
            response.add_post_render_callback(lambda rendered: conditional(request, rendered))
        return response

    return get


def conditional(request: Request, response: HttpResponse) -> HttpResponseBase:
    """Return the response with an ETag, or 304 if the caller has it."""
    middleware = ConditionalGetMiddleware(lambda _: response)
    return middleware.process_response(request._request, response)
