"""Create models by the names of their methods. A method's module, and torch with it, is imported on first use."""

import importlib
from typing import Any

from ml.configs.methods import Method, check_installed, method_of
from ml.contract import Model


def create(name: str, /, **settings: Any) -> Model:
    """Create a new, untrained model. Settings may be text, as a command line gives them.

    Raises UnknownMethod, MissingLibrary, or BadSetting with the setting, its value and what it takes.
    """
    method = method_of(name)
    return load(method)(method.config(**settings))


def load(method: Method) -> type[Model]:
    """Import the class of a method's models. Raises MissingLibrary."""
    check_installed(method)
    module, _, name = method.model.partition(":")
    return getattr(importlib.import_module(f"ml.models.{module}"), name)
