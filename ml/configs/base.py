"""The base of every method's config: a frozen pydantic model whose fields carry bounds and a help text."""

from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator
from pydantic_core import ErrorDetails

from ml.errors import BadSetting


class Config(BaseModel):
    """The settings of one method. A value may also be text, as a command line gives it: "64", "0.5", "yes".

    Raises BadSetting with the setting, its value and what it takes. `model_json_schema()` lists the fields with their
    help, bounds and defaults; `model_dump()` gives the settings back.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    def __init__(self, /, **settings: Any) -> None:
        try:
            super().__init__(**settings)
        except ValidationError as error:
            raise BadSetting(_reason(type(self), error.errors())) from error

    @model_validator(mode="before")
    @classmethod
    def _read_text(cls, settings: dict[str, Any]) -> dict[str, Any]:
        return {
            name: _value_of(value, cls.model_fields[name].annotation)
            if isinstance(value, str) and name in cls.model_fields
            else value
            for name, value in settings.items()
        }


def _value_of(text: str, kind: Any) -> Any:
    """Convert text to a number or a truth value; return it as it is where it is none, which strict mode refuses."""
    if kind is bool:
        return {"yes": True, "no": False}.get(text, text)
    if kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            return text
    return text


def _reason(config: type[Config], errors: list[ErrorDetails]) -> str:
    """Describe in a line what is wrong with the first bad setting; unknown ones come first."""
    error = next((each for each in errors if each["type"] == "extra_forbidden"), errors[0])
    if not error["loc"]:  # of several settings together; the validator's own words
        return str(error.get("ctx", {}).get("error", error["msg"]))
    name = str(error["loc"][0])
    if error["type"] == "extra_forbidden":
        return f"{name} is not a setting here; there are: {', '.join(config.model_fields) or 'none'}"
    if error["type"] == "value_error":
        return str(error["ctx"]["error"])
    return f"{name} is {error['input']!r}; it takes {takes(config, name)}"


def takes(config: type[Config], name: str) -> str:
    """Describe in words what a setting takes: "a whole number from 1 to 8"."""
    annotation = config.model_fields[name].annotation
    if get_origin(annotation) is Literal:
        return "one of: " + ", ".join(get_args(annotation))
    field = config.model_json_schema()["properties"][name]
    words = {"integer": "a whole number", "number": "a number", "boolean": "yes or no", "string": "text"}[field["type"]]
    bounds = [field[bound] for bound in ("minimum", "maximum") if bound in field]
    return f"{words} from {bounds[0]:g} to {bounds[1]:g}" if bounds else words
