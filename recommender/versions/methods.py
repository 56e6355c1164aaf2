"""The methods that a version can be trained by, and checks of their settings. Torch is never imported."""

import importlib.util
from collections.abc import Iterator
from typing import Any

from ml.configs import methods
from ml.errors import MlError
from recommender.errors import TrainingRefused
from recommender.models import ModelVersion, Role

# What serves from the first minute, as nothing of it is trained, until what is trained is ready.
STARTERS = {Role.SIMILAR: "hog+histogram", Role.PERSONAL: "popularity"}
DEFAULTS = {Role.SIMILAR: "visrec", Role.PERSONAL: "hybrid", Role.DESIGN: "lsgan"}  # which a training form has first


def is_starter(version: ModelVersion) -> bool:
    """Return whether nothing of a version's method is trained: it serves until something better is ready."""
    return STARTERS.get(Role(version.role)) == version.method


def by_summary(role: Role) -> Iterator[tuple[str, list[str]]]:
    """Yield (summary, names) of the methods that a version of this role can be trained by."""
    return methods.by_summary(role)


def patterns() -> dict[str, str]:
    """Return the regular expression of the names of each library's networks, by the library's name."""
    return {name: library.names.pattern for name, library in methods.LIBRARIES.items()}


def summary_of(library: str) -> str:
    """Return the summary of a library's networks."""
    return methods.LIBRARIES[library].summary


def example_of(method: str) -> str:
    """Return a method itself; of a library the method of one of its networks."""
    return f"{method}:{methods.LIBRARIES[method].example}" if method in methods.LIBRARIES else method


def help_text() -> str:
    """List all methods by role, a line each."""
    return "\n".join(line for role in Role for line in (f"{role.label}:", *methods.help_lines(role)))


def role_of(method: str) -> Role:
    """Return the role that this method's versions serve. Raises TrainingRefused for a method that does not exist."""
    try:
        return Role(methods.method_of(method).role)
    except MlError as error:
        raise TrainingRefused(str(error)) from error


def check_settings(method: str, settings: dict[str, Any]) -> None:
    """Raise TrainingRefused, with the reason, unless the method exists and takes these settings.

    Where trainings run, its library must be installed, too; a web process alone has none.
    """
    try:
        known = methods.method_of(method)
        config = known.config(**settings)
        if importlib.util.find_spec("torch"):
            methods.check_installed(known)
        if known.role == Role.SIMILAR and config.vector_length:
            methods.check_indexable(config.vector_length)
    except MlError as error:
        raise TrainingRefused(f"{method}: {error}") from error


def settings_schema(method: str) -> dict[str, Any]:
    """Return the JSON schema of a method's settings: help, bounds and default of each."""
    return methods.method_of(method).config.model_json_schema()


def takes_texts(version: ModelVersion) -> bool:
    """Return whether the version embeds texts among images, so that products are found by words."""
    return methods.takes_texts(version.method, version.settings)


def sees_images(version: ModelVersion) -> bool:
    """Return whether the version's method takes images into account."""
    return methods.method_of(version.method).sees_images


def loss_unit(method: str) -> str:
    """Return the unit of a method's losses; "" if they have none, or the method is gone."""
    try:
        return methods.method_of(method).loss_unit
    except MlError:
        return ""
