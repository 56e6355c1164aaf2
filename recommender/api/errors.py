"""Every error under /api/v1/ as one problem document (RFC 9457)."""

import http
import logging
import math
from collections.abc import Iterator, Mapping

from django.conf import settings
from django.core.exceptions import (
    NON_FIELD_ERRORS,
    RequestDataTooBig,
    SuspiciousOperation,
    TooManyFieldsSent,
    TooManyFilesSent,
)
from django.core.exceptions import ValidationError as InvalidModel
from django.db import OperationalError
from django.http import JsonResponse
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.settings import api_settings
from rest_framework.views import exception_handler

from recommender.api.parsers import TooLarge
from recommender.errors import (
    BlindTaste,
    DesignNotReady,
    NoActiveVersion,
    SavedResultsUnavailable,
    TooLittleHistory,
    TooManyDesigns,
    VersionNotReady,
    WorkersUnavailable,
)

log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
PREFIX = "/api/v1/"
DATABASE_AWAY = "The database does not answer; try again in a moment."
# What is away, and the seconds after which it is worth another try.
AWAY = {NoActiveVersion: 30, WorkersUnavailable: 5, SavedResultsUnavailable: 5, OperationalError: 5}


class Away(exceptions.APIException):
    status_code = http.HTTPStatus.SERVICE_UNAVAILABLE

    def __init__(self, detail: str, wait: int):
        super().__init__(detail)
        self.wait = wait  # seconds; DRF makes it the Retry-After


class Conflict(exceptions.APIException):
    status_code = http.HTTPStatus.CONFLICT


def problem(status: int, detail: str, errors: Mapping[str, list[str]] | None = None) -> dict:
    return {
        "type": "about:blank",
        "title": http.HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "errors": errors or {},
    }


def problem_response(error: Exception, context: dict) -> Response | None:
    """DRF's exception handler. A bug is not answered here: Django logs it, and `server_error` says that it happened."""
    error = as_api_exception(error)
    response = exception_handler(error, context)
    if response is None:
        return None
    errors = {}
    if isinstance(error, exceptions.ValidationError):
        errors = by_field(error.detail)
        detail = "; ".join(in_words(field, reasons) for field, reasons in errors.items())
    elif isinstance(error, exceptions.APIException):
        detail = str(error.detail)
    else:
        detail = str(error) or http.HTTPStatus(response.status_code).phrase  # Http404 and PermissionDenied
    if isinstance(error, exceptions.Throttled) and error.wait is not None:
        response["Retry-After"] = str(max(1, math.ceil(error.wait)))
    response.data = problem(response.status_code, detail, errors)
    response.content_type = MEDIA_TYPE
    return response


def as_api_exception(error: Exception) -> Exception:
    """Ours and Django's errors as DRF knows them; whatever else it is stays as it is."""
    if type(error) in AWAY:
        if isinstance(error, OperationalError):
            log.error("the database is away: %s", error)
            return Away(DATABASE_AWAY, AWAY[OperationalError])
        return Away(sentence(error), AWAY[type(error)])
    if isinstance(error, (BlindTaste, TooLittleHistory, DesignNotReady, VersionNotReady)):
        return Conflict(sentence(error))
    if isinstance(error, TooManyDesigns):
        return exceptions.Throttled(error.wait, sentence(error))
    if isinstance(error, InvalidModel):
        reasons = error.message_dict if hasattr(error, "error_dict") else {NON_FIELD_ERRORS: error.messages}
        overall = api_settings.NON_FIELD_ERRORS_KEY
        return exceptions.ValidationError({overall if k == NON_FIELD_ERRORS else k: v for k, v in reasons.items()})
    if isinstance(error, RequestDataTooBig):
        return TooLarge(settings.DATA_UPLOAD_MAX_MEMORY_SIZE)
    if isinstance(error, TooManyFieldsSent):
        return exceptions.ParseError(f"At most {settings.DATA_UPLOAD_MAX_NUMBER_FIELDS:,} parameters are taken.")
    if isinstance(error, TooManyFilesSent):
        return exceptions.ParseError(f"At most {settings.DATA_UPLOAD_MAX_NUMBER_FILES:,} files are taken.")
    if isinstance(error, SuspiciousOperation):
        return exceptions.ParseError(sentence(error))
    return error


def sentence(error: Exception) -> str:
    text = str(error).rstrip(".")
    return f"{text[:1].upper()}{text[1:]}."


def by_field(detail: object) -> dict[str, list[str]]:
    """DRF's nested reasons as one level: {"attributes.colour": ["Too long."]}."""
    errors: dict[str, list[str]] = {}
    for field, reason in leaves(detail, ""):
        errors.setdefault(field or api_settings.NON_FIELD_ERRORS_KEY, []).append(reason)
    return errors


def leaves(detail: object, field: str) -> Iterator[tuple[str, str]]:
    if isinstance(detail, Mapping):
        for name, inner in detail.items():
            yield from leaves(inner, f"{field}.{name}" if field else str(name))
    elif isinstance(detail, list):
        for inner in detail:
            yield from leaves(inner, field)
    else:
        yield field, str(detail)


def in_words(field: str, reasons: list[str]) -> str:
    text = " ".join(reasons)
    return text if field == api_settings.NON_FIELD_ERRORS_KEY else f"{field}: {text}"


def plain(status: int, detail: str) -> JsonResponse:
    return JsonResponse(problem(status, detail), status=status, content_type=MEDIA_TYPE)
