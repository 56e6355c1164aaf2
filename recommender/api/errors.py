"""The exception handler of the API: our errors, Django's and Django REST framework's become problem documents.

An error that no view of the API handles, such as an unknown URL or a bug, is handled by visrec_site.errors.
"""

import http
import logging
import math
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from django.conf import settings
from django.core.exceptions import (
    NON_FIELD_ERRORS,
    RequestDataTooBig,
    SuspiciousOperation,
    TooManyFieldsSent,
    TooManyFilesSent,
)
from django.core.exceptions import ValidationError as InvalidModel
from django.db import IntegrityError
from psycopg2.errors import ForeignKeyViolation
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.settings import api_settings
from rest_framework.views import exception_handler

from catalog.errors import ProductChanged
from recommender.access.errors import KeyEnded, TooManyAttempts
from recommender.api.parsers import TooLarge
from recommender.api.problems import MEDIA_TYPE, as_sentence, outage, problem, rejection
from recommender.errors import (
    DesignNotReady,
    ExperimentNotReady,
    ExperimentRefused,
    NoActiveVersion,
    NoTextTower,
    SavedResultsUnavailable,
    ScorerIgnoresImages,
    TooLittleHistory,
    TooManyDesigns,
    TrainingRefused,
    VersionNotReady,
    WorkersUnavailable,
)

MAX_ERRORS = 20  # reasons in a response
MAX_REASON = 1000  # characters

log = logging.getLogger(__name__)

# Errors that pass by themselves, with the seconds after which a client should try again.
RETRY_SECONDS: dict[type[Exception], int] = {NoActiveVersion: 30, WorkersUnavailable: 5, SavedResultsUnavailable: 5}
CONFLICTS = (
    KeyEnded,
    NoTextTower,
    ScorerIgnoresImages,
    TooLittleHistory,
    DesignNotReady,
    ExperimentNotReady,
    TrainingRefused,
    VersionNotReady,
)
REFUSALS = (exceptions.NotAuthenticated, exceptions.AuthenticationFailed, exceptions.PermissionDenied)


class Unavailable(exceptions.APIException):
    """A service or model that the request needs is unavailable for a while."""

    status_code = http.HTTPStatus.SERVICE_UNAVAILABLE

    def __init__(self, detail: str, wait: int):
        super().__init__(detail)
        self.wait = wait  # seconds; DRF puts them into the header Retry-After


class Changed(exceptions.APIException):
    """The resource is no longer the version that the request requires."""

    status_code = http.HTTPStatus.PRECONDITION_FAILED


class Conflict(exceptions.APIException):
    """The state of the resource does not allow the request."""

    status_code = http.HTTPStatus.CONFLICT


def handle_exception(error: Exception, context: dict[str, Any]) -> Response | None:
    """Return the problem document for an error, or None for a bug.

    It is the setting EXCEPTION_HANDLER of Django REST framework. Django logs a bug and calls
    visrec_site.errors.server_error.
    """
    error = counted(as_api_exception(error), context)
    response = exception_handler(error, context)
    if response is None:
        return None
    errors: dict[str, list[str]] = {}
    if isinstance(error, exceptions.ValidationError):
        errors = errors_by_field(error.detail)
        detail = "; ".join(with_field(field, reasons) for field, reasons in errors.items())
    elif isinstance(error, exceptions.APIException):
        detail = str(error.detail)
    else:
        detail = str(error) or http.HTTPStatus(response.status_code).phrase  # Http404 and PermissionDenied
    if isinstance(error, exceptions.Throttled):
        wait: float | None = getattr(error, "wait", None)  # the stubs of DRF lack it
        if wait is not None:
            response["Retry-After"] = str(max(1, math.ceil(wait)))
    response.data = problem(response.status_code, detail, errors)
    response.content_type = MEDIA_TYPE
    return response


def counted(error: Exception, context: dict[str, Any]) -> Exception:
    """Count a request whose caller was refused, which DRF does before it counts; return Throttled if it is too many."""
    if isinstance(error, REFUSALS) and "rate_limit" not in vars(context["request"]._request):
        try:
            context["view"].check_throttles(context["request"])
        except exceptions.Throttled as throttled:
            return throttled
    return error


def as_api_exception(error: Exception) -> Exception:
    """Return the exception of Django REST framework for an error of ours or Django's; any other error unchanged."""
    if found := outage(error):
        log.error("%s %s", found.detail, error)
        return Unavailable(found.detail, found.wait)
    if reason := rejection(error):
        log.warning("%s", reason, exc_info=error)
        return exceptions.ParseError(reason)
    if isinstance(error, IntegrityError) and isinstance(error.__cause__, ForeignKeyViolation):
        return Conflict("What this refers to was deleted just now.")
    if type(error) in RETRY_SECONDS:
        return Unavailable(as_sentence(error), RETRY_SECONDS[type(error)])
    if isinstance(error, ProductChanged):
        return Changed(as_sentence(error))
    if isinstance(error, CONFLICTS):
        return Conflict(as_sentence(error))
    if isinstance(error, ExperimentRefused):
        return exceptions.ValidationError({"arms": as_sentence(error)})
    if isinstance(error, TooManyDesigns | TooManyAttempts):
        return exceptions.Throttled(error.wait, as_sentence(error))
    if isinstance(error, InvalidModel):
        reasons = error.message_dict if hasattr(error, "error_dict") else {NON_FIELD_ERRORS: error.messages}
        overall = api_settings.NON_FIELD_ERRORS_KEY
        return exceptions.ValidationError({overall if k == NON_FIELD_ERRORS else k: v for k, v in reasons.items()})
    if isinstance(error, RequestDataTooBig):
        return TooLarge(settings.DATA_UPLOAD_MAX_MEMORY_SIZE)
    if isinstance(error, TooManyFieldsSent):
        return exceptions.ParseError(f"At most {settings.DATA_UPLOAD_MAX_NUMBER_FIELDS:,} parameters are allowed.")
    if isinstance(error, TooManyFilesSent):
        return exceptions.ParseError(f"At most {settings.DATA_UPLOAD_MAX_NUMBER_FILES:,} files are allowed.")
    if isinstance(error, SuspiciousOperation):
        return exceptions.ParseError(as_sentence(error))
    return error


def errors_by_field(detail: object) -> dict[str, list[str]]:
    """Flatten the first reasons of a ValidationError to one level, as in {"attributes.colour": ["Too long."]}."""
    errors: dict[str, list[str]] = {}
    for field, reason in islice(flat_reasons(detail, ""), MAX_ERRORS):
        errors.setdefault(field or api_settings.NON_FIELD_ERRORS_KEY, []).append(reason)
    return errors


def flat_reasons(detail: object, field: str) -> Iterator[tuple[str, str]]:
    """Yield (path of the field with dots, reason); the path of `detail` itself is `field`."""
    if isinstance(detail, Mapping):
        for name, inner in detail.items():
            yield from flat_reasons(inner, f"{field}.{name}" if field else str(name))
    elif isinstance(detail, list):
        for inner in detail:
            yield from flat_reasons(inner, field)
    else:
        yield shortened(field), shortened(str(detail))


def shortened(text: str) -> str:
    """Return the beginning of a text that a caller may have chosen, as far as it can be sent back."""
    text = text.encode(errors="replace").decode()
    return text if len(text) <= MAX_REASON else f"{text[:MAX_REASON]}…"


def with_field(field: str, reasons: list[str]) -> str:
    """Return the reasons in one line, after the name of their field."""
    text = " ".join(reasons)
    return text if field == api_settings.NON_FIELD_ERRORS_KEY else f"{field}: {text}"
