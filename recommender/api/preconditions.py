"""Versions of products over HTTP: the header ETag of responses, If-None-Match and If-Match of requests."""

import hashlib
import json
import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.http.response import HttpResponseBase, HttpResponseNotModified
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse
from rest_framework.request import Request
from rest_framework.response import Response

from catalog.models import Product
from catalog.products import ABSENT, PRESENT, Versions
from recommender.api.fields import EPOCH
from recommender.api.problems import MEDIA_TYPE
from recommender.api.schema import ProblemSerializer

MICROSECOND = timedelta(microseconds=1)
VERSION = re.compile(r'"([0-9a-f]{1,14})-[0-9a-f]{16}"')  # an ETag; a proxy that compresses may put W/ before it
IF_MATCH = OpenApiParameter(
    "If-Match",
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    description="ETag of the version that was read. If it is another one by now, nothing is written: 412.",
)
IF_ABSENT = OpenApiParameter(
    "If-None-Match",
    {"type": "string", "enum": ["*"]},
    OpenApiParameter.HEADER,
    description="Nothing is written if there is such a product already: 412.",
)
ETAG = OpenApiParameter(
    "ETag", OpenApiTypes.STR, OpenApiParameter.HEADER, response=[200, 201], description="Version, for If-Match."
)
CHANGED = {(412, MEDIA_TYPE): OpenApiResponse(ProblemSerializer, "It was changed since the version in If-Match.")}


def etag_of(product: Product, payload: Mapping[str, Any]) -> str:
    """Return the ETag of a representation: the version of the product, then a digest.

    The digest also differs where the product has become findable, which is no reason to refuse a write.
    """
    digest = hashlib.sha256(json.dumps(payload, sort_keys=True, default=str).encode()).hexdigest()
    return f'"{(product.updated_at - EPOCH) // MICROSECOND:x}-{digest[:16]}"'


def product_response(
    request: Request, product: Product, payload: dict[str, Any], status: int = 200, headers: Mapping[str, str] = {}
) -> HttpResponseBase:
    """Return the representation of a product with its ETag, or to a caller that has it 304."""
    etag = etag_of(product, payload)
    if request.method in ("GET", "HEAD") and etag in request.headers.get("If-None-Match", ""):
        return HttpResponseNotModified(headers={"ETag": etag})
    return Response(payload, status=status, headers={**headers, "ETag": etag})


def required_versions(request: Request) -> Versions:
    """Return the versions of which a product has to be one, as If-Match names them; None if it may be any or none.

    PRESENT by `If-Match: *`, with which a product is replaced and none is created; ABSENT by `If-None-Match: *`, with
    which a product is created and none is replaced.
    """
    if request.headers.get("If-None-Match", "").strip() == "*":
        return ABSENT
    header = request.headers.get("If-Match")
    if header is None:
        return None
    if header.strip() == "*":
        return PRESENT
    return {EPOCH + int(number, 16) * MICROSECOND for number in VERSION.findall(header)}
