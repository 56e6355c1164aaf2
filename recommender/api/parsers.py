"""Bodies of a bounded size. Django bounds what it parses itself; DRF's JSON parser reads past that bound."""

from django.conf import settings
from rest_framework import parsers
from rest_framework.exceptions import APIException, ParseError

BASE64 = 4 / 3  # a picture grows by this inside JSON
ENVELOPE = 1_000_000  # bytes for all that is not the picture


class TooLarge(APIException):
    status_code = 413

    def __init__(self, most: int):
        """most: bytes; told in megabytes, rounded down so that what is said to be taken is."""
        super().__init__(f"The body is too large: at most {most // 100_000 / 10:g} MB are taken.")


def check_size(parser_context: dict) -> None:
    """Raises TooLarge. A body without a Content-Length reads as empty under WSGI."""
    length = int(parser_context["request"].META.get("CONTENT_LENGTH") or 0)
    most = int(settings.MAX_IMAGE_BYTES * BASE64) + ENVELOPE
    if length > most:
        raise TooLarge(most)


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
