"""Errors outside of the API's views: pages for 400, 404, 429, 500 and 503, and problem documents for URLs of the API.

Errors inside of the API's views are handled by recommender.api.errors.
"""

import sys
from collections.abc import Callable

from django.contrib.sessions.exceptions import SessionInterrupted
from django.core.exceptions import DisallowedHost
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.views import defaults

from recommender.access.errors import TooManyAttempts
from recommender.api.problems import PREFIX, Outage, as_sentence, outage, problem_response
from visrec_site import request_id


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Respond with 400 (Django's handler400): the request was refused before any view was called.

    With 503 if the session could not be saved: Django says then that it was deleted meanwhile.
    """
    if isinstance(exception, SessionInterrupted) and (found := session_outage(exception)):
        return unavailable(request, found)
    if not request.path.startswith(PREFIX):
        return defaults.bad_request(request, exception)
    if isinstance(exception, DisallowedHost):
        return problem_response(400, "The header Host names no host of this shop: see VISREC_ALLOWED_HOSTS.")
    return problem_response(400, "The request is not valid.")


def session_outage(error: SessionInterrupted) -> Outage | None:
    """Return why the database did not save a session; None if the session was deleted."""
    update_error = error.__context__
    cause = update_error.__context__ if update_error else None
    return outage(cause) if isinstance(cause, OperationalError) else None


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Respond with 404 (Django's handler404)."""
    if not request.path.startswith(PREFIX):
        return defaults.page_not_found(request, exception)
    return problem_response(404, f"There is nothing at {request.path}")


def server_error(request: HttpRequest) -> HttpResponse:
    """Respond with 500 (Django's handler500), or with 503 if the error, sys.exception(), passes by itself."""
    if found := outage(sys.exception()):
        return unavailable(request, found)
    if not request.path.startswith(PREFIX):
        return defaults.server_error(request)
    return problem_response(500, f"An internal error. It was logged under request {request_id.current.get()}.")


def unavailable(request: HttpRequest, found: Outage) -> HttpResponse:
    """Return 503, by a page that needs no database."""
    if request.path.startswith(PREFIX):
        response: HttpResponse = problem_response(503, found.detail)
    else:
        response = HttpResponse(render_to_string("503.html", {"detail": found.detail}), status=503)
    response["Retry-After"] = str(found.wait)
    return response


class TooManyAttemptsMiddleware:
    """Respond with 429 to an attempt to sign in that is one too many, wherever its form is."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Return the page for TooManyAttempts; None for any other error."""
        if not isinstance(exception, TooManyAttempts):
            return None
        response = render(request, "429.html", {"detail": as_sentence(exception)}, status=429)
        response["Retry-After"] = str(exception.wait)
        return response
