"""Requests that may be sent twice: by the same Idempotency-Key the second one gets the first one's response.

draft-ietf-httpapi-idempotency-key-header. The responses are in the memory that web processes share, for a day. A
request that was refused has made nothing, and may be sent again with the same key.
"""

import hashlib
import json
import logging
import re
from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from typing import Any, TypeAlias

from django.core.files.uploadedfile import UploadedFile
from django.http import QueryDict
from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse
from redis.exceptions import RedisError
from rest_framework.exceptions import APIException, ParseError
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from recommender import memory
from recommender.access.keys import key_of
from recommender.api.errors import Conflict, Unavailable
from recommender.api.problems import MEDIA_TYPE
from recommender.api.schema import ProblemSerializer

HEADER = "Idempotency-Key"
ACCEPTED = re.compile(r"[!-~]{1,255}")
RETAINED_SECONDS = 86400
RUNNING_SECONDS = 120  # after which a request that has not ended is taken for lost
KEY = OpenApiParameter(
    HEADER,
    {"type": "string", "pattern": f"^{ACCEPTED.pattern}$"},
    OpenApiParameter.HEADER,
    description="An id of this request that the caller chooses, such as a UUID. Sent again within a day with the same "
    "body, the request does nothing and gets the first one's response, with the header Idempotency-Replayed.",
)
REPLAYED = OpenApiParameter(
    "Idempotency-Replayed", OpenApiTypes.STR, OpenApiParameter.HEADER, response=[201, 202], description="Only `true`."
)
ERRORS = {
    (409, MEDIA_TYPE): OpenApiResponse(
        ProblemSerializer, f"What exists is in the way, or a request with this {HEADER} is under way."
    ),
    (422, MEDIA_TYPE): OpenApiResponse(ProblemSerializer, f"Another request was sent with this {HEADER}."),
}

log = logging.getLogger(__name__)
Method: TypeAlias = Callable[..., HttpResponseBase]


class KeyReused(APIException):
    """An Idempotency-Key with which another request was sent."""

    status_code = 422
    default_detail = f"Another request was sent with this {HEADER}: choose a new one for each request."


def idempotent(method: Method) -> Method:
    """Run a view's method once for each Idempotency-Key of a caller."""

    @wraps(method)
    def once(view: Any, request: Request, *args: Any, **kwargs: Any) -> HttpResponseBase:
        key = request.headers.get(HEADER)
        if key is None:
            return method(view, request, *args, **kwargs)
        if not ACCEPTED.fullmatch(key):
            raise ParseError(f"{HEADER}: 1 to 255 visible characters of ASCII are expected.")
        name, digest = f"visrec:idempotency:{caller_of(request)}:{key}", digest_of(request)
        if found := claim(name, digest):
            return replay(found, digest)
        try:
            response = method(view, request, *args, **kwargs)
        except Exception:
            with suppress(RedisError):
                memory.client().delete(name)
            raise
        assert isinstance(response, Response)
        store(name, digest, response)
        return response

    return once


def caller_of(request: Request) -> str:
    """Return who sends the request: callers cannot see, or use up, each other's keys."""
    key = key_of(request)
    return f"key {key.pk}" if key else f"account {request.user.pk}"


def digest_of(request: Request) -> str:
    """Return a digest of the path and the body, without what differs between two forms that hold the same."""
    digest = hashlib.sha256(request.path.encode())
    data = request.data
    lists = dict(data.lists()) if isinstance(data, QueryDict) else data
    digest.update(json.dumps(lists, sort_keys=True, default=digest_of_file).encode())
    return digest.hexdigest()


def digest_of_file(file: object) -> str:
    """Return a digest of an uploaded file, which is read again later."""
    if not isinstance(file, UploadedFile):
        raise TypeError(f"{type(file)} in a body")
    digest = hashlib.sha256()
    for chunk in file.chunks():
        digest.update(chunk)
    file.seek(0)
    return digest.hexdigest()


def claim(name: str, digest: str) -> dict[str, Any] | None:
    """Record that the request runs; return what is known of an earlier one with this key. Raises Unavailable."""
    client = memory.client()
    try:
        if client.set(name, json.dumps({"request": digest}), nx=True, ex=RUNNING_SECONDS):
            return None
        found: dict[str, Any] = json.loads(client.get(name) or json.dumps({"request": digest}))
    except RedisError as error:
        raise Unavailable(f"An {HEADER} cannot be looked up just now; try again in a moment.", 5) from error
    return found


def replay(found: dict[str, Any], digest: str) -> Response:
    """Return an earlier response. Raises KeyReused for another request, and Conflict for one that still runs."""
    if found["request"] != digest:
        raise KeyReused
    if "status" not in found:
        raise Conflict(f"A request with this {HEADER} is under way; try again in a moment.")
    return Response(found["payload"], found["status"], headers=found["headers"] | {"Idempotency-Replayed": "true"})


def store(name: str, digest: str, response: Response) -> None:
    """Store the response for requests with the same key."""
    headers = {header: response[header] for header in ("Location", "ETag") if header in response}
    payload = json.loads(JSONRenderer().render(response.data))
    found = {"request": digest, "status": response.status_code, "payload": payload, "headers": headers}
    try:
        memory.client().set(name, json.dumps(found), ex=RETAINED_SECONDS)
    except RedisError as error:  # what was requested is made
        log.warning("%s is not kept, Redis is unavailable: %s", name, error)
