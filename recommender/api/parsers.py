"""Bodies of a bounded size. Django bounds what it parses itself; DRF's JSON parser reads past that bound."""

from django.conf import settings
from rest_framework import parsers
from rest_framework.exceptions import APIException, ParseError

BASE64 = 4 / 3  # a picture grows by this inside JSON
ENVELOPE = 1_000_000  # bytes for all that is not the picture


class TooLarge(APIException):
    status_code = 413


def check_size(parser_context: dict) -> None:
    """Raises TooLarge. A body without a Content-Length reads as empty under WSGI."""
    length = int(parser_context["request"].META.get("CONTENT_LENGTH") or 0)
    most = int(settings.MAX_IMAGE_BYTES * BASE64) + ENVELOPE
    if length > most:
        raise TooLarge(f"The body has {length:,} bytes; at most {most:,} are taken.")


class JSONParser(parsers.JSONParser):
    def parse(self, stream, media_type=None, parser_context=None):
        check_size(parser_context)
        try:
            return super().parse(stream, media_type, parser_context)
        except RecursionError:
            raise ParseError("JSON parse error - nested too deeply") from None


class FormParser(parsers.FormParser):
    def parse(self, stream, media_type=None, parser_context=None):
        check_size(parser_context)
        return super().parse(stream, media_type, parser_context)


class MultiPartParser(parsers.MultiPartParser):
    def parse(self, stream, media_type=None, parser_context=None):
        check_size(parser_context)
        return super().parse(stream, media_type, parser_context)
