"""The site's error pages: 400, 404, 500 and 503, as problem documents under the API."""

import sys

from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.views import defaults

from recommender.api.errors import AWAY, DATABASE_AWAY, PREFIX, plain


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """The project's handler400: what was refused before any view was reached."""
    if not request.path.startswith(PREFIX):
        return defaults.bad_request(request, exception)
    return plain(400, "The request makes no sense.")


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """The project's handler404."""
    if not request.path.startswith(PREFIX):
        return defaults.page_not_found(request, exception)
    return plain(404, f"There is nothing at {request.path}")


def server_error(request: HttpRequest) -> HttpResponse:
    """The project's handler500, called while the error is being handled."""
    if isinstance(sys.exception(), OperationalError):
        return database_away(request)
    if not request.path.startswith(PREFIX):
        return defaults.server_error(request)
    return plain(500, f"Something broke here. It was logged under request {request.id}.")


def database_away(request: HttpRequest) -> HttpResponse:
    """What no view could answer without the database; the page asks nothing of it."""
    wait = AWAY[OperationalError]
    if request.path.startswith(PREFIX):
        response: HttpResponse = plain(503, DATABASE_AWAY)
    else:
        response = HttpResponse(render_to_string("503.html"), status=503)
    response["Retry-After"] = str(wait)
    return response
