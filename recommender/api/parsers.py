"""Parsers that check the shape of a body, and the size of what is beside an image, before any field is looked at.

The size of the whole body is checked by visrec_site.limits.
"""

import json
from collections.abc import Mapping
from typing import IO, TYPE_CHECKING, Any, NoReturn

from django.conf import settings
from rest_framework import parsers
from rest_framework.exceptions import APIException, ParseError

from recommender.api.problems import size_limit

if TYPE_CHECKING:
    from django.http.request import _ImmutableQueryDict
    from django.utils.datastructures import MultiValueDict

MAX_DEPTH = 20  # lists and objects within each other
MAX_ITEMS = 10_000  # of a list: no field takes more, and each has a smaller limit of its own
IMAGE = "image"  # the field whose text may be as long as an image


class TooLarge(APIException):
    """A body that is larger than allowed."""

    status_code = 413

    def __init__(self, limit: int) -> None:
        super().__init__(size_limit(limit))


def check_shape(value: object, left: int = MAX_DEPTH) -> None:
    """Raise ParseError for lists that are too long, before their items are read, and for what is nested too deeply."""
    if isinstance(value, dict | list):
        if isinstance(value, list) and len(value) > MAX_ITEMS:
            raise ParseError(f"A list has {len(value):,} items: at most {MAX_ITEMS:,} are allowed.")
        if not left:
            raise ParseError(f"The body is nested too deeply: at most {MAX_DEPTH} lists and objects are allowed.")
        for inner in value.values() if isinstance(value, dict) else value:
            check_shape(inner, left - 1)


def takes_images(parser_context: Mapping[str, Any] | None) -> bool:
    """Return whether the body of the request may be as large as an image."""
    view = parser_context and parser_context.get("view")
    return getattr(view, "body_limit", 0) == settings.IMAGE_BODY_LIMIT


def check_rest(data: object, parser_context: Mapping[str, Any] | None) -> None:
    """Raise TooLarge if the fields beside an image are larger than a body without one."""
    if takes_images(parser_context) and size_of(data, settings.BODY_LIMIT) < 0:
        raise TooLarge(settings.BODY_LIMIT)


def read_json(stream: IO[Any], parser_context: Mapping[str, Any] | None) -> bytes:
    """Read a body. Raises TooLarge if it is large for another reason than an image, before JSON is made of it.

    Before the name of an image there are only fields that are small, and the text of an image has no commas: the
    other fields have at most one for each character.
    """
    body: bytes = stream.read(settings.BODY_LIMIT + 1)
    if len(body) <= settings.BODY_LIMIT:
        return body
    if takes_images(parser_context) and f'"{IMAGE}"'.encode() not in body:
        raise TooLarge(settings.BODY_LIMIT)
    body += stream.read()
    if takes_images(parser_context) and body.count(b",") > settings.BODY_LIMIT:
        raise TooLarge(settings.BODY_LIMIT)
    return body


def size_of(value: object, left: int) -> int:
    """Return how many characters are left of so many after this value, negative as soon as there are too few."""
    left -= len(value) if isinstance(value, str) else 1
    if isinstance(value, dict):
        for name, inner in value.items():
            left -= len(name)
            left = left if name == IMAGE else size_of(inner, left)
            if left < 0:
                break
    elif isinstance(value, list):
        for inner in value:
            left = size_of(inner, left)
            if left < 0:
                break
    return left


class JSONParser(parsers.JSONParser):
    """DRF's parser, with these checks."""

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        found: dict[str, Any] = load_json(read_json(stream, parser_context))
        check_rest(found, parser_context)
        check_shape(found)
        return found


def load_json(text: bytes | str) -> Any:
    """Return the value of JSON text in UTF-8. Raises ParseError."""
    try:
        return json.loads(text.decode() if isinstance(text, bytes) else text, parse_constant=refuse_constant)
    except ValueError as error:
        raise ParseError(f"JSON parse error - {str(error)[:200]}") from error
    except RecursionError:
        raise ParseError("JSON parse error - nested too deeply") from None


def refuse_constant(name: str) -> NoReturn:
    """Raise ValueError for NaN and Infinity, which are no JSON."""
    raise ValueError(f"{name} is not a value of JSON")


class FormParser(parsers.FormParser):
    """DRF's parser, with these checks."""

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> "_ImmutableQueryDict":
        found = super().parse(stream, media_type, parser_context)
        check_rest(dict(found.lists()), parser_context)
        return found


class MultiPartParser(parsers.MultiPartParser):
    """DRF's parser, with these checks."""

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> "parsers.DataAndFiles[_ImmutableQueryDict, MultiValueDict[Any, Any]]":
        found = super().parse(stream, media_type, parser_context)
        fields = dict(found.data.lists())
        check_rest(fields, parser_context)
        view: Any = (parser_context or {}).get("view")
        if hasattr(view, "files_limit") and size_of(fields, view.body_limit) < 0:
            raise TooLarge(view.body_limit)
        return found
