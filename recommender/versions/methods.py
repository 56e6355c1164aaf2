"""The methods that a version can be trained by."""

from collections.abc import Iterator

from ml.models import (
    BLIND,
    by_summary,
    listed,
)  # names and summaries; torch is imported only by those who load a method
from recommender.models import ModelVersion, Role


def methods(role: Role) -> Iterator[tuple[str, list[str]]]:
    """(summary, names) of the methods that a version of this role can be trained by."""
    return by_summary(role)


def methods_in_words() -> str:
    """All methods by role, a line each, for a help text."""
    return "\n".join(line for role in Role for line in (f"{role.label}:", *listed(role)))


def is_blind(version: ModelVersion) -> bool:
    """Whether it never looks at pictures."""
    return version.method in BLIND
