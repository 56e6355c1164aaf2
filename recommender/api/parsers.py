"""Parsers that bound the size of a body. Django bounds forms itself; DRF's JSON parser ignores that bound."""

from collections.abc import Mapping
from typing import IO, TYPE_CHECKING, Any

from django.conf import settings
from rest_framework import parsers
from rest_framework.exceptions import APIException, ParseError

if TYPE_CHECKING:
    from django.http.request import _ImmutableQueryDict
    from django.utils.datastructures import MultiValueDict

BASE64 = 4 / 3  # size of an image in JSON, relative to its file
ENVELOPE = 1_000_000  # bytes for everything but the image


class TooLarge(APIException):
    """A body that is larger than allowed."""

    status_code = 413

    def __init__(self, limit: int) -> None:
        """Write the limit, in bytes, as megabytes; rounded down, so that a body of the size in the message fits."""
        super().__init__(f"The body is too large: at most {limit // 100_000 / 10:g} MB are allowed.")


def check_size(parser_context: Mapping[str, Any] | None) -> None:
    """Raise TooLarge if the Content-Length is above the limit. Under WSGI a body without that header is empty."""
    assert parser_context is not None  # DRF's request passes it
    length = int(parser_context["request"].META.get("CONTENT_LENGTH") or 0)
    limit = int(settings.MAX_IMAGE_BYTES * BASE64) + ENVELOPE
    if length > limit:
        raise TooLarge(limit)


class JSONParser(parsers.JSONParser):
    """DRF's parser with a bounded body."""

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        check_size(parser_context)
        try:
            return super().parse(stream, media_type, parser_context)
        except RecursionError:
            raise ParseError("JSON parse error - nested too deeply") from None


class FormParser(parsers.FormParser):
    """DRF's parser with a bounded body."""

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> "_ImmutableQueryDict":
        check_size(parser_context)
        return super().parse(stream, media_type, parser_context)


class MultiPartParser(parsers.MultiPartParser):
    """DRF's parser with a bounded body."""

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> "parsers.DataAndFiles[_ImmutableQueryDict, MultiValueDict[Any, Any]]":
        check_size(parser_context)
        return super().parse(stream, media_type, parser_context)
