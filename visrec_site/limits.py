"""Limits of requests, checked before anything is read of them: the length of the address and the size of the body."""

import logging
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.db import ProgrammingError
from django.http import Http404, HttpRequest, HttpResponse
from django.template.loader import render_to_string

from recommender.api.paths import mark_slashes
from recommender.api.problems import PREFIX, problem_response, rejection, size_limit
from recommender.throttling import RateLimit
from visrec_site.web_worker import HEAD_ONLY

log = logging.getLogger(__name__)

# What Django raises for lookups of a list of the admin as it makes the query, and PostgreSQL for operators it lacks.
UNFILTERABLE = (ValueError, OverflowError, IndexError, TypeError, ProgrammingError)
MAX_ADDRESS = 8190  # characters of path and query: many excluded SKUs
MAX_PARAMETERS = 1000  # DATA_UPLOAD_MAX_NUMBER_FIELDS, as Django has it


class LimitsMiddleware:
    """Refuse what is too large, what has no length and what nobody can store; tell slashes of ids in a path.

    A view's `body_limit`, in bytes, is settings.BODY_LIMIT if it has none; a view with a `files_limit` takes so many
    bytes more as a form with files.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if "\x00" in request.path:
            raise Http404
        if request.path_info.startswith(PREFIX):
            request.path_info = mark_slashes(request.path_info, request.META.get("RAW_URI", ""))
        query = request.META.get("QUERY_STRING", "")
        if len(request.path) + len(query) > MAX_ADDRESS:
            return refusal(request, 414, f"The address is too long: at most {MAX_ADDRESS:,} characters are allowed.")
        if query.count("&") >= MAX_PARAMETERS:  # else each reader of request.GET raises, also the page of the error
            return refusal(request, 400, f"The address has too many parameters: at most {MAX_PARAMETERS:,} are taken.")
        if "%00" in query and not request.path.startswith(PREFIX):  # the API names the field
            names = [name for name, values in request.GET.lists() if "\x00" in name + "".join(values)]
            name = ", ".join(names).replace("\x00", "?")[:100]
            return refusal(request, 400, f"{name}: null characters are not allowed.")
        if "chunked" in request.META.get("HTTP_TRANSFER_ENCODING", "").lower():
            return refusal(request, 411, "A body needs the header Content-Length.")
        if (encoding := request.META.get("HTTP_CONTENT_ENCODING", "identity").lower()) != "identity":
            return refusal(request, 415, f"A body in Content-Encoding {encoding[:50]!r} is not read: send it as it is.")
        response = self.get_response(request)
        limit: RateLimit | None = vars(request).get("rate_limit")
        if limit:
            response["RateLimit-Limit"] = str(limit.limit)
            response["RateLimit-Remaining"] = str(limit.left)
            response["RateLimit-Reset"] = str(limit.seconds)
        return response

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: object, kwargs: object
    ) -> HttpResponse | None:
        """Return a refusal of a body that is larger than the view takes; for any other None, or 100."""
        length = request.META.get("CONTENT_LENGTH") or "0"
        if not length.isdecimal():
            return refusal(request, 400, "The header Content-Length must be a whole number.")
        limit = limit_of(request, view)
        if int(length) > limit:
            return refusal(request, 413, size_limit(limit))
        return HttpResponse(status=100) if HEAD_ONLY in request.META else None

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Return a refusal of what the view, or the database behind it, cannot take; None for any other error."""
        if isinstance(error, UNFILTERABLE) and is_filtered_list(request):
            log.warning("%s?%s", request.path, request.META["QUERY_STRING"], exc_info=error)
            return refusal(request, 400, "The list cannot be filtered by what the address says.")
        if reason := rejection(error):
            log.warning("%s: %s", request.path, reason, exc_info=error)
            return refusal(request, 400, reason)
        return None


def is_filtered_list(request: HttpRequest) -> bool:
    """Return whether this is a list of the admin, which Django filters by whatever lookup the address names."""
    match = request.resolver_match
    return bool(request.GET and match and "admin" in match.app_names and (match.url_name or "").endswith("_changelist"))


def limit_of(request: HttpRequest, view: Callable[..., Any]) -> int:
    """Return how many bytes the body of a request to this view may have. Staff upload whole catalogues in the admin."""
    if request.resolver_match and "admin" in request.resolver_match.app_names:
        return settings.ADMIN_BODY_LIMIT if request.user.is_staff else settings.BODY_LIMIT
    view = getattr(view, "cls", view)
    limit: int = getattr(view, "body_limit", settings.BODY_LIMIT)
    return limit + (getattr(view, "files_limit", 0) if request.content_type == "multipart/form-data" else 0)


def refusal(request: HttpRequest, status: int, detail: str) -> HttpResponse:
    """Return a problem document, or for a page one that needs no database."""
    if request.path.startswith(PREFIX):
        return problem_response(status, detail)
    return HttpResponse(render_to_string("400.html", {"detail": detail}), status=status)
