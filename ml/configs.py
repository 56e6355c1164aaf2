"""Configs: frozen dataclasses whose annotations say what each setting takes."""

import dataclasses
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Self, get_args, get_origin, get_type_hints

from ml.errors import BadSetting


@dataclass(frozen=True)
class Between:
    """The inclusive range that a number must lie in: `Annotated[int, Between(1, 8)]`."""

    least: float
    most: float

    def __str__(self) -> str:
        return f"from {self.least:g} to {self.most:g}"


class Config:
    """The base of every method's config. Making one checks each field against its annotation.

    Raises BadSetting with the setting, the value and what it takes.
    """

    def __post_init__(self) -> None:
        for name, hint in get_type_hints(type(self), include_extras=True).items():
            value = getattr(self, name)
            kind, extra = _parts(hint)
            if get_origin(kind) is Literal:
                fits = value in get_args(kind)
            else:
                fits = isinstance(value, (int, float) if kind is float else kind)
                fits = fits and (kind is bool or not isinstance(value, bool))
                fits = fits and all(between.least <= value <= between.most for between in extra)
            if not fits:
                raise BadSetting(f"{name} is {value!r}; it takes {_allowed(kind, extra)}")

    @classmethod
    def of(cls, /, **settings: Any) -> Self:
        """A config of these settings, where a value may also be a string, as a command line gives it."""
        hints = get_type_hints(cls, include_extras=True)
        unknown = sorted(set(settings) - set(hints))
        if unknown:
            known = ", ".join(hints) or "none"
            raise BadSetting(f"{unknown[0]} is not a setting here; there are: {known}")
        return cls(**{name: _converted(name, value, hints[name]) for name, value in settings.items()})

    def as_dict(self) -> dict[str, Any]:
        return dataclasses.asdict(self)


def _parts(hint: Any) -> tuple[Any, tuple[Between, ...]]:
    if get_origin(hint) is Annotated:
        kind, *extra = get_args(hint)
        return kind, tuple(extra)
    return hint, ()


def _converted(name: str, value: Any, hint: Any) -> Any:
    kind, extra = _parts(hint)
    if not isinstance(value, str) or get_origin(kind) is Literal or kind is str:
        return value
    if kind is bool and value in ("yes", "no"):
        return value == "yes"
    try:
        return {int: int, float: float}[kind](value)
    except (KeyError, ValueError):
        raise BadSetting(f"{name} is {value!r}; it takes {_allowed(kind, extra)}") from None


def _allowed(kind: Any, extra: tuple[Between, ...]) -> str:
    if get_origin(kind) is Literal:
        return "one of: " + ", ".join(get_args(kind))
    what = {int: "a whole number", float: "a number", bool: "yes or no", str: "text"}[kind]
    return " ".join([what, *map(str, extra)])
