"""Fields and base serializers that several resources share."""

import base64
import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal
from difflib import get_close_matches
from typing import Any, TypeAlias, TypedDict, Unpack

from django.core.files.uploadedfile import UploadedFile
from django.core.validators import ProhibitNullCharactersValidator
from django.http import QueryDict
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.fields import empty
from rest_framework.validators import ProhibitSurrogateCharactersValidator

from catalog import categories, fetching, images
from catalog.errors import BadRow, FetchRefused, UnreadableImage
from catalog.images import Box, DecodedImage
from catalog.importers.events import read_kind
from catalog.importers.values import UNSEEN
from catalog.models import Kind
from catalog.page_urls import MAX_PAGE_URL, PAGE_URL
from recommender.api.problems import as_sentence
from recommender.serving.photos import make_box

# Validated values by field name. Their types are those of a serializer's fields, which DRF does not express.
Validated: TypeAlias = dict[str, Any]
AttributeValues: TypeAlias = dict[str, str | float | bool]

CSRF_FIELD = "csrfmiddlewaretoken"  # Django's, in forms of callers who are signed in by a session
PRICE = re.compile(r"[-+]?[0-9]*\.?[0-9]*")
MAX_SKU_LENGTH = 100
MAX_LISTED = 100  # products or other rows a page
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)  # an older time comes from a clock that was never set
MAX_EXCLUDED = 1000  # SKUs that one request excludes
STORABLE: list[Callable[[str], None]] = [
    ProhibitNullCharactersValidator(),
    ProhibitSurrogateCharactersValidator(),
]  # by PostgreSQL


class FieldOptions(TypedDict, total=False):
    """Options of DRF's fields that the fields below pass on."""

    required: bool
    help_text: str


class LimitOptions(FieldOptions, total=False):
    """Options of `Limit`."""

    default: int


class Strict(serializers.Serializer[None]):
    """Serializer that refuses unknown fields: with many optional fields a misspelt one would be ignored otherwise."""

    def to_internal_value(self, data: object) -> Validated:
        unknown = [name for name in data if name not in {*self.fields, CSRF_FIELD}] if isinstance(data, Mapping) else []
        if unknown:
            known = ", ".join(self.fields)
            raise serializers.ValidationError(
                {name: [f"There is no such field; the fields are: {known}."] for name in unknown}
            )
        validated: Validated = super().to_internal_value(data)
        return validated


class Flag(serializers.BooleanField):
    """Boolean that is missing where a form leaves it out; DRF would take it for a box that is not ticked."""

    default_empty_html = empty


@extend_schema_field({"type": "string", "format": "decimal", "pattern": r"^\d{1,8}(\.\d{1,2})?$", "example": "59.90"})
class Price(serializers.DecimalField):
    """Amount of money with two decimal places, 0 or more."""

    def __init__(self, **options: Unpack[FieldOptions]) -> None:
        super().__init__(max_digits=10, decimal_places=2, min_value=0, **options)

    def to_internal_value(self, data: Any) -> Decimal:
        # Python reads 1_000, 1e5 and the digits of other scripts, too.
        if isinstance(data, str) and not PRICE.fullmatch(data.strip()):
            self.fail("invalid")
        return super().to_internal_value(data)


class Number(serializers.FloatField):
    """Float that is finite and not a boolean: to Python, true is 1."""

    def to_internal_value(self, data: float | int | str) -> float:
        if isinstance(data, bool):
            self.fail("invalid")
        try:
            number = super().to_internal_value(data)
        except OverflowError:
            self.fail("invalid")
        if not math.isfinite(number):  # it would pass any bound
            self.fail("invalid")
        return number


class Timestamp(serializers.DateTimeField):
    """Time of an event, from 1970 on."""

    def to_internal_value(self, value: datetime | str) -> datetime:
        timestamp: datetime = super().to_internal_value(value)
        if timestamp < EPOCH:
            raise serializers.ValidationError(f"{timestamp.isoformat()} is before 1970.")
        return timestamp


class Sku(serializers.CharField):
    """SKU of a product, without characters that nobody sees, as imports read it."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=MAX_SKU_LENGTH, **options)

    def to_internal_value(self, data: str) -> str:
        text: str = super().to_internal_value(data)
        return text if text.isascii() else UNSEEN.sub("", text).strip()


class KindField(serializers.ChoiceField):
    """Kind of an interaction, by its name in any capitals, or by a word that imports take for it."""

    def __init__(self, **options: Any) -> None:
        super().__init__(Kind.choices, **options)

    def to_internal_value(self, data: Any) -> str:
        try:
            kind: str = super().to_internal_value(data)
        except serializers.ValidationError:
            with suppress(BadRow):
                return read_kind(str(data)).value
            raise
        return kind


class Limit(serializers.IntegerField):
    """Number of rows in a response, 1 to MAX_LISTED."""

    def __init__(self, **options: Unpack[LimitOptions]) -> None:
        super().__init__(min_value=1, max_value=MAX_LISTED, **options)


class BoundedList(serializers.ListField):
    """List whose length is checked before its items are."""

    def to_internal_value(self, data: Any) -> list[Any]:
        if self.max_length is not None and isinstance(data, list) and len(data) > self.max_length:
            self.fail("max_length", max_length=self.max_length)
        found: list[Any] = super().to_internal_value(data)
        return found


class Skus(BoundedList):
    """SKUs in a query string or a form: separated by commas, repeated, or both; in JSON, a list."""

    child = serializers.CharField(max_length=MAX_SKU_LENGTH)

    def __init__(self, **options: Unpack[FieldOptions]) -> None:
        super().__init__(max_length=MAX_EXCLUDED, **options)

    def get_value(self, dictionary: Mapping[str, Any]) -> list[object]:
        assert isinstance(dictionary, QueryDict) and self.field_name  # see recommendations.params_of
        found: list[object] = []
        values: Sequence[object] = dictionary.getlist(self.field_name)
        for value in values:
            if not isinstance(value, str):  # from JSON
                found.append(value)
                continue
            parts = [part for part in value.split(",") if part]
            # A SKU may contain a comma, so the whole value is a SKU as well, if it is short enough for one.
            found += [*parts, value] if parts != [value] and 0 < len(value) <= MAX_SKU_LENGTH else parts
        return found

    def to_internal_value(self, data: list[Any]) -> list[str]:
        return sorted(set(super().to_internal_value(data)))


def known_category(name: str) -> str:
    """Return the name of a category as the shop spells it. Raises ValidationError."""
    found = categories.find_by_name([name]).get(name)
    if found is None:
        raise serializers.ValidationError(f"There is no category {name!r}.")
    return found.name


class Parameters(serializers.Serializer[None]):
    """Base of the parameters of a request; an unknown one that is nearly called like one of them is refused as a slip.

    Others are ignored: campaigns and caches add theirs to any address.
    """

    ELSEWHERE = frozenset({"page", "page_size", "limit", "cursor", "format"})  # read by pages and renderers
    NEAR = 0.75  # of difflib's ratio: catgory, categorie and order are near category and ordering, sort is not

    def to_internal_value(self, data: Mapping[str, Any]) -> Validated:
        known = [*self.fields, *self.ELSEWHERE]
        unknown = [name for name in data if name.partition(".")[0] not in known]  # attributes.colour is of attributes
        near = {name: get_close_matches(name, known, 1, self.NEAR) for name in unknown}
        slips = {name: [f"There is no such parameter; {found[0]} is one."] for name, found in near.items() if found}
        if slips:
            raise serializers.ValidationError(slips)
        found: Validated = super().to_internal_value(data)
        return found


class Filters(Parameters):
    """Parameters that narrow any list of products."""

    category = serializers.CharField(
        required=False, max_length=100, help_text="Name of a category; upper and lower case are the same."
    )
    min_price = Price(required=False)
    max_price = Price(required=False)
    in_stock = Flag(required=False)

    def validate_category(self, name: str) -> str:
        return known_category(name)

    def validate(self, attrs: Validated) -> Validated:
        if "min_price" in attrs and "max_price" in attrs and attrs["min_price"] > attrs["max_price"]:
            raise serializers.ValidationError({"min_price": "It is above max_price."})
        return attrs


@extend_schema_field(
    {
        "type": "object",
        "maxProperties": 50,
        "additionalProperties": {
            "oneOf": [{"type": "string", "maxLength": 300}, {"type": "number"}, {"type": "boolean"}]
        },
        "example": {"colour": "red", "heel": 7.5},
    }
)
class Attributes(serializers.Field[AttributeValues, object, AttributeValues, Any]):
    """Object of names and short values; in a form, the same as JSON text."""

    MAX_COUNT = 50
    MAX_NAME_LENGTH, MAX_VALUE_LENGTH = 100, 300
    MAX_NUMBER = 1e15

    def to_representation(self, value: AttributeValues) -> AttributeValues:
        return value

    def to_internal_value(self, data: object) -> AttributeValues:
        if isinstance(data, str):
            data = self.parse_json(data)
        if not isinstance(data, dict):
            raise serializers.ValidationError("An object with names and values is expected.")
        if len(data) > self.MAX_COUNT:
            raise serializers.ValidationError(f"{len(data)} attributes; at most {self.MAX_COUNT} are allowed.")
        for name, value in data.items():
            self.check(name, value)
        return data

    @staticmethod
    def parse_json(text: str) -> object:
        """Return the value of a JSON text. Raises ValidationError."""
        try:
            return json.loads(text)
        except (ValueError, RecursionError):
            raise serializers.ValidationError("Not valid JSON.") from None

    def check(self, name: str, value: object) -> None:
        """Raise ValidationError unless this is the name and the value of an attribute."""
        if not 0 < len(name) <= self.MAX_NAME_LENGTH:
            raise serializers.ValidationError(f"The name of an attribute has 1 to {self.MAX_NAME_LENGTH} characters.")
        if not isinstance(value, (str, int, float)):
            raise serializers.ValidationError({name: "A text, a number, true or false is expected."})
        if isinstance(value, str) and len(value) > self.MAX_VALUE_LENGTH:
            raise serializers.ValidationError({name: f"At most {self.MAX_VALUE_LENGTH} characters are allowed."})
        if isinstance(value, (int, float)) and not abs(value) <= self.MAX_NUMBER:  # nor NaN
            raise serializers.ValidationError({name: f"A number up to {self.MAX_NUMBER:g} is expected."})
        for validate in STORABLE:
            validate(name)
            validate(str(value))


def image_bytes(data: object) -> bytes:
    """Return the bytes of an uploaded file, or of base64 text with or without `data:image/…;base64,` before it.

    Raises ValidationError.
    """
    if isinstance(data, UploadedFile):
        content: bytes = data.read()  # parsers.check_size bounds it
        return content
    if not isinstance(data, str):
        raise serializers.ValidationError("A file, or an image as base64 text, is expected.")
    encoded = data.partition(",")[2] if data.startswith("data:") else data
    try:
        return base64.b64decode("".join(encoded.split()), validate=True)
    except ValueError:
        raise serializers.ValidationError("Neither a file nor base64 text.") from None


@extend_schema_field(
    {
        "type": "array",
        "items": {"type": "number", "minimum": 0, "maximum": 1},
        "minItems": 4,
        "maxItems": 4,
        "example": [0.1, 0.2, 0.6, 0.9],
    }
)
class BoxField(serializers.Field[Box, object, Box, Any]):
    """Part of an image: four numbers, repeated in a form or as one text separated by commas."""

    def get_value(self, dictionary: Mapping[str, Any]) -> object:
        if not isinstance(dictionary, QueryDict):  # of a request without a body
            return empty
        assert self.field_name
        values = dictionary.getlist(self.field_name)
        return (values[0].strip(" []").split(",") if len(values) == 1 else values) if values else empty

    def to_internal_value(self, data: Any) -> Box:
        numbers = [Number().run_validation(value) for value in data[:5]]
        try:
            return make_box(numbers)
        except ValueError as error:
            raise serializers.ValidationError(str(error)) from error


@extend_schema_field({"type": "string", "format": "byte"})
class ProductImageField(serializers.Field[DecodedImage, object, None, Any]):
    """Image to store."""

    def to_internal_value(self, data: object) -> DecodedImage:
        try:
            return images.read_image(image_bytes(data), images.PATIENCE)
        except UnreadableImage as error:
            raise serializers.ValidationError(as_sentence(error)) from error


@extend_schema_field({"type": "string", "format": "binary"})
class ProductImageFile(ProductImageField):
    """Image of a form."""


@extend_schema_field({"type": "string", "format": "uri", "maxLength": fetching.MAX_URL})
class ImageUrl(serializers.CharField):
    """URL of an image that a worker is to fetch."""

    def __init__(self, **options: Unpack[FieldOptions]) -> None:
        options.setdefault(
            "help_text",
            "In place of `image`: http or https, at a host that the shop allows. A worker fetches it within seconds; "
            "`downloads/` says why one was not.",
        )
        super().__init__(**options)

    def to_internal_value(self, data: Any) -> str:
        url = super().to_internal_value(data)
        try:
            fetching.parse_target(url)
        except FetchRefused as error:
            raise serializers.ValidationError(as_sentence(error)) from error
        return url


@extend_schema_field({"type": "string", "format": "uri", "maxLength": MAX_PAGE_URL})
class PageUrl(serializers.CharField):
    """URL of a product's page in a storefront, http or https; "" for none."""

    def __init__(self, **options: Unpack[FieldOptions]) -> None:
        super().__init__(allow_blank=True, max_length=MAX_PAGE_URL, **options)
        self.validators.append(PAGE_URL)


@extend_schema_field({"type": "string", "format": "binary"})
class PhotoField(serializers.Field[bytes, object, None, Any]):
    """File of a photo to search by; whether it can be read shows when all fields are known."""

    def to_internal_value(self, data: object) -> bytes:
        return image_bytes(data)
