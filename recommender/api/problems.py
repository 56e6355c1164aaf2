"""Problem documents (RFC 9457): the form of every error under /api/v1/."""

import http
from collections.abc import Mapping
from typing import TypedDict

from django.http import JsonResponse

MEDIA_TYPE = "application/problem+json"
PREFIX = "/api/v1/"
DATABASE_UNAVAILABLE = "The database does not answer; try again in a moment."
DATABASE_RETRY_SECONDS = 5


class Problem(TypedDict):
    """The members of a problem document; `errors` has the reasons by field."""

    type: str
    title: str
    status: int
    detail: str
    errors: Mapping[str, list[str]]


def problem(status: int, detail: str, errors: Mapping[str, list[str]] | None = None) -> Problem:
    """Return the problem document of an HTTP status."""
    return {
        "type": "about:blank",
        "title": http.HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "errors": errors or {},
    }


def problem_response(status: int, detail: str) -> JsonResponse:
    """Return a problem document as Django's response, for errors that Django REST framework does not handle."""
    return JsonResponse(problem(status, detail), status=status, content_type=MEDIA_TYPE)


def as_sentence(error: Exception) -> str:
    """Return the error's message with a capital letter and a full stop."""
    text = str(error).rstrip(".")
    return f"{text[:1].upper()}{text[1:]}."
