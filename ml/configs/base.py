"""The base of every method's config: a frozen pydantic model whose fields carry bounds and a help text."""

import re
from collections.abc import Mapping
from typing import Any, ClassVar, Literal, get_args, get_origin

from pydantic import BaseModel, ConfigDict, ValidationError, ValidationInfo, field_validator, model_validator
from pydantic_core import ErrorDetails

from ml.errors import BadSetting

ECHO_LENGTH = 80  # characters of a refused value in an error
# Python also reads "1_2", " 12 " and the digits of other scripts.
INTEGER = re.compile(r"-?[0-9]+")
NUMBER = re.compile(r"-?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?|[+-]?(nan|inf|infinity)", re.IGNORECASE)
UNSTORABLE = re.compile("[\x00\ud800-\udfff]")  # what PostgreSQL refuses in JSON: NUL and lone surrogates


class Config(BaseModel):
    """The settings of one method. A value may also be text, as a command line gives it: "64", "0.5", "yes".

    With reading=published the defaults are those of `published`, where there are any. `earlier` has the values by which
    models were made that were saved before these settings existed.

    Raises BadSetting with the setting, its value and what it takes. `model_json_schema()` lists the fields with their
    help, bounds and defaults; `model_dump()` gives the settings back.
    """

    published: ClassVar[Mapping[str, Any]] = {}
    earlier: ClassVar[Mapping[str, Any]] = {}

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    @property
    def vector_length(self) -> int | None:
        """Return the length of a vector, where it is known without torch."""
        return None

    def __init__(self, /, **settings: Any) -> None:
        unknown = next((name for name in settings if name not in type(self).model_fields), None)
        if unknown is not None:
            name = unknown if unknown.isidentifier() and len(unknown) <= ECHO_LENGTH else echo(unknown)
            raise BadSetting(f"{name} is not a setting here; there are: {', '.join(type(self).model_fields) or 'none'}")
        try:
            super().__init__(**settings)
        except ValidationError as error:
            raise BadSetting(_reason(type(self), error.errors())) from error

    @model_validator(mode="before")
    @classmethod
    def _read_text(cls, settings: dict[str, Any]) -> dict[str, Any]:
        if settings.get("reading") == "published":
            settings = {**cls.published, **settings}
        return {
            name: _value_of(value, cls.model_fields[name].annotation) if name in cls.model_fields else value
            for name, value in settings.items()
        }

    @field_validator("*")
    @classmethod
    def _is_storable(cls, value: Any, info: ValidationInfo) -> Any:
        if isinstance(value, str) and UNSTORABLE.search(value):
            raise ValueError(f"{info.field_name} is {echo(value)}; it takes text without NUL and lone surrogates")
        return value


def echo(value: object) -> str:
    """Return the value as an error shows it: its repr, cut after `ECHO_LENGTH` characters."""
    text = repr(value)
    return text if len(text) <= ECHO_LENGTH else text[:ECHO_LENGTH] + "…"


def _value_of(value: Any, kind: Any) -> Any:
    """Convert text to a number or a truth value, and a number to one of the texts that a Literal takes.

    Returns the value as it is where it is none of these: strict mode refuses it.
    """
    if get_origin(kind) is Literal:
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        return str(value) if is_number and str(value) in get_args(kind) else value
    if not isinstance(value, str):
        return value
    if kind is bool:
        return {"yes": True, "no": False}.get(value, value)
    pattern = {int: INTEGER, float: NUMBER}.get(kind)
    if pattern and pattern.fullmatch(value):
        try:
            return kind(value)
        except ValueError:  # of more digits than Python converts
            return value
    return value


def _reason(config: type[Config], errors: list[ErrorDetails]) -> str:
    """Describe in a line what is wrong with the first bad setting."""
    error = errors[0]
    if not error["loc"]:  # of several settings together; the validator's own words
        return str(error.get("ctx", {}).get("error", error["msg"]))
    name = str(error["loc"][0])
    if error["type"] == "value_error":
        return str(error["ctx"]["error"])
    return f"{name} is {echo(error['input'])}; it takes {takes(config, name)}"


def takes(config: type[Config], name: str) -> str:
    """Describe in words what a setting takes: "a whole number from 1 to 8"."""
    annotation = config.model_fields[name].annotation
    if get_origin(annotation) is Literal:
        return "one of: " + ", ".join(get_args(annotation))
    field = config.model_json_schema()["properties"][name]
    words = {"integer": "a whole number", "number": "a number", "boolean": "yes or no", "string": "text"}[field["type"]]
    bounds = [field[bound] for bound in ("minimum", "maximum") if bound in field]
    return f"{words} from {bounds[0]:g} to {bounds[1]:g}" if bounds else words
