"""Problem documents (RFC 9457): the form of every error under /api/v1/."""

import errno
import http
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypedDict

from django.db import DatabaseError, DataError, InterfaceError, OperationalError
from django.http import JsonResponse
from psycopg2.errors import DiskFull

from catalog.errors import TooManyPixels
from catalog.locks import is_deadlock

MEDIA_TYPE = "application/problem+json"
PREFIX = "/api/v1/"


class Problem(TypedDict):
    """The members of a problem document; `errors` has the reasons by field."""

    type: str
    title: str
    status: int
    detail: str
    errors: Mapping[str, list[str]]


@dataclass(frozen=True)
class Outage:
    """The cause of an error that passes by itself."""

    detail: str
    wait: int  # seconds after which a client should try again


DATABASE_FULL = Outage("The database cannot store anything just now: no space left on device.", 30)
DATABASE_AWAY = Outage("The database does not answer; try again in a moment.", 5)
STORAGE_ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EIO)
DEADLOCK = Outage("Others are changing the same just now; try again in a moment.", 1)


def outage(error: BaseException | None) -> Outage | None:
    """Return what is unavailable, for an error that passes by itself; None for any other."""
    if is_deadlock(error):
        return DEADLOCK
    if isinstance(error, OperationalError) and isinstance(error.__cause__, DiskFull):
        return DATABASE_FULL
    # Of a server that is killed in the middle of its answer psycopg2 raises the base class itself, and of the next
    # statement over that connection an InterfaceError.
    if type(error) is DatabaseError or isinstance(error, OperationalError | InterfaceError):
        return DATABASE_AWAY
    if isinstance(error, TooManyPixels):
        return Outage(as_sentence(error), 5)
    if isinstance(error, OSError) and error.errno in STORAGE_ERRORS:
        return Outage(f"Files cannot be stored or read just now: {os.strerror(error.errno).lower()}.", 30)
    return None


def rejection(error: BaseException | None) -> str:
    """Return what is wrong with a request whose values cause this error; "" for any other error."""
    if isinstance(error, DataError):
        return "A value in the request cannot be stored or compared: it is too large, too long or no text."
    if isinstance(error, UnicodeEncodeError):
        return "A text in the request has half of a surrogate pair, which is not a character."
    if isinstance(error, RecursionError):
        return "A value in the request is nested too deeply."
    return ""


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


def size_limit(limit: int) -> str:
    """Return what is wrong with a body of more bytes; rounded down, so that a body of the size in the text fits."""
    size = f"{limit // 100_000 / 10:g} MB" if limit >= 1_000_000 else f"{limit // 1000} kB"
    return f"The body is too large: at most {size} are allowed."


def as_sentence(error: Exception | str) -> str:
    """Return the message, or an error's, with a capital letter and a full stop."""
    text = str(error).rstrip(".")
    return f"{text[:1].upper()}{text[1:]}."
