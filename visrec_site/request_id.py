"""An id for each request, in its response and in every line that is logged while it is served, by workers too."""

import logging
import re
import uuid
from collections.abc import Callable
from contextvars import ContextVar

from django.http import HttpRequest, HttpResponse

HEADER = "X-Request-ID"
ACCEPTED = re.compile(r"[A-Za-z0-9._-]{1,128}")  # an id that a caller may choose: it cannot forge a log line

current: ContextVar[str] = ContextVar("request_id", default="-")


class RequestIdMiddleware:
    """Give each request the id in its X-Request-ID header, or a random one."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given = request.headers.get(HEADER, "")
        request_id = given if ACCEPTED.fullmatch(given) else uuid.uuid4().hex
        vars(request)["request_id"] = request_id  # for what Django logs of it in the end, behind this middleware
        token = current.set(request_id)
        try:
            response = self.get_response(request)
        finally:
            current.reset(token)
        response[HEADER] = request_id
        return response


class RequestIdFilter(logging.Filter):
    """Add to a log record the id of the request that is served, or that sent the task; "-" outside of both."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.request_id = getattr(getattr(record, "request", None), "request_id", None) or current.get()
        return True
