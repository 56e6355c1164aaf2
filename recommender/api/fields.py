"""Fields that the resources share."""

import base64
import json
import math
from collections.abc import Mapping

from django.core.files.uploadedfile import UploadedFile
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.fields import ProhibitNullCharactersValidator, ProhibitSurrogateCharactersValidator, empty

from catalog import categories, images
from catalog.errors import UnreadableImage
from catalog.images import DecodedImage
from recommender.api.problems import as_sentence
from recommender.serving.photos import PHOTO_PIXELS

CSRF_FIELD = "csrfmiddlewaretoken"  # Django's, in the form of whoever is known by a session
LONGEST_SKU = 100
MOST_LISTED = 100  # products an answer
MOST_SKUS = 1000  # that one request excludes
STORABLE = [ProhibitNullCharactersValidator(), ProhibitSurrogateCharactersValidator()]  # by PostgreSQL


class Strict(serializers.Serializer):
    """Much of it may be left out, so that a misspelt field would be taken for one that was."""

    def to_internal_value(self, data: object) -> dict:
        strays = [name for name in data if name not in {*self.fields, CSRF_FIELD}] if isinstance(data, Mapping) else []
        if strays:
            known = ", ".join(self.fields)
            raise serializers.ValidationError(
                {name: [f"There is no such field; there are: {known}."] for name in strays}
            )
        return super().to_internal_value(data)


class Flag(serializers.BooleanField):
    """A form that leaves it out says nothing; to DRF that would be a box not ticked."""

    default_empty_html = empty


@extend_schema_field({"type": "string", "format": "decimal", "pattern": r"^\d{1,8}(\.\d{1,2})?$", "example": "59.90"})
class Price(serializers.DecimalField):
    def __init__(self, **kwargs):
        super().__init__(max_digits=10, decimal_places=2, min_value=0, **kwargs)


class Number(serializers.FloatField):
    """To Python, true is 1."""

    def to_internal_value(self, data: object) -> float:
        if isinstance(data, bool):
            self.fail("invalid")
        return super().to_internal_value(data)


class Limit(serializers.IntegerField):
    def __init__(self, **kwargs):
        super().__init__(min_value=1, max_value=MOST_LISTED, **kwargs)


class Skus(serializers.ListField):
    """SKUs in a query string or a form: commas between them, repeated, or both; in JSON, a list."""

    child = serializers.CharField(max_length=LONGEST_SKU)

    def __init__(self, **kwargs):
        super().__init__(max_length=MOST_SKUS, **kwargs)

    def get_value(self, dictionary):
        found = []
        for value in dictionary.getlist(self.field_name):
            parts = [part for part in value.split(",") if part] if isinstance(value, str) else [value]
            # A SKU may have a comma in it, so each value also stands for itself, if it is none too long to be one.
            found += [*parts, value] if parts != [value] and 0 < len(value) <= LONGEST_SKU else parts
        return found

    def to_internal_value(self, data: list) -> list[str]:
        return sorted(set(super().to_internal_value(data)))


class Filters(serializers.Serializer):
    """What narrows any list of products."""

    category = serializers.CharField(required=False, max_length=100, help_text="A category's name, in any case.")
    min_price = Price(required=False)
    max_price = Price(required=False)
    in_stock = Flag(required=False)

    def validate_category(self, name: str) -> str:
        found = categories.find_by_name([name]).get(name)
        if found is None:
            raise serializers.ValidationError(f"There is no category {name!r}.")
        return found.name

    def validate(self, attrs: dict) -> dict:
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
class Attributes(serializers.Field):
    """An object of names and short values; inside a form, the same as JSON text."""

    MOST = 50
    LONGEST_NAME, LONGEST_VALUE = 100, 300
    LARGEST_NUMBER = 1e15

    def to_representation(self, value: dict) -> dict:
        return value

    def to_internal_value(self, data: object) -> dict[str, str | float | bool]:
        if isinstance(data, str):
            data = self.parsed(data)
        if not isinstance(data, dict):
            raise serializers.ValidationError("An object is expected: a name and a value each.")
        if len(data) > self.MOST:
            raise serializers.ValidationError(f"{len(data)} attributes; at most {self.MOST} are taken.")
        for name, value in data.items():
            self.check(name, value)
        return data

    @staticmethod
    def parsed(text: str) -> object:
        try:
            return json.loads(text)
        except (ValueError, RecursionError):
            raise serializers.ValidationError("Not valid JSON.") from None

    def check(self, name: str, value: object) -> None:
        if not 0 < len(name) <= self.LONGEST_NAME:
            raise serializers.ValidationError(f"An attribute's name has 1 to {self.LONGEST_NAME} characters.")
        if not isinstance(value, (str, int, float)):
            raise serializers.ValidationError({name: "A text, a number or a truth value is expected."})
        if isinstance(value, str) and len(value) > self.LONGEST_VALUE:
            raise serializers.ValidationError({name: f"At most {self.LONGEST_VALUE} characters are taken."})
        if isinstance(value, (int, float)) and not (math.isfinite(value) and abs(value) <= self.LARGEST_NUMBER):
            raise serializers.ValidationError({name: f"A number up to {self.LARGEST_NUMBER:g} is expected."})
        for validate in STORABLE:
            validate(name)
            validate(str(value))


class ImageData(serializers.Field):
    """The bytes of an uploaded file, or of base64 text with or without `data:image/…;base64,` before it."""

    def to_internal_value(self, data: object) -> bytes:
        if isinstance(data, UploadedFile):
            return data.read()  # parsers.check_size bounds it
        if not isinstance(data, str):
            raise serializers.ValidationError("A file, or a picture as base64 text, is expected.")
        encoded = data.partition(",")[2] if data.startswith("data:") else data
        try:
            return base64.b64decode("".join(encoded.split()), validate=True)
        except ValueError:
            raise serializers.ValidationError("Neither a file nor base64 text.") from None


@extend_schema_field({"type": "string", "format": "binary"})
class PictureField(ImageData):
    """A picture to keep."""

    def to_internal_value(self, data: object) -> DecodedImage:
        try:
            return images.read_image(super().to_internal_value(data))
        except UnreadableImage as error:
            raise serializers.ValidationError(as_sentence(error)) from error


@extend_schema_field({"type": "string", "format": "binary"})
class PhotoField(ImageData):
    """A photo to look at once: a small JPEG of it."""

    def to_internal_value(self, data: object) -> bytes:
        try:
            return images.shrink_to_jpeg(super().to_internal_value(data), PHOTO_PIXELS)
        except UnreadableImage as error:
            raise serializers.ValidationError(as_sentence(error)) from error
