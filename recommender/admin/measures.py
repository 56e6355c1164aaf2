"""Measures of a version, formatted as text."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

NOT_MEASURES = ("losses", "intervals", "reliability")
HEADLINE = ("auc", "auc/cold", "ndcg@10", "precision@5/category")  # by which versions are compared


@dataclass(frozen=True)
class Measure:
    """Row of a table of measures."""

    name: str
    value: str
    interval: str  # 95 % confidence interval; empty if none was estimated


def table(metrics: Mapping[str, Any]) -> list[Measure]:
    """Return a row for each measure, in alphabetical order."""
    intervals: Mapping[str, list[float]] = metrics.get("intervals", {})
    return [
        Measure(name, readable(value), " to ".join(readable(bound) for bound in intervals.get(name, [])))
        for name, value in sorted(metrics.items())
        if name not in NOT_MEASURES
    ]


def headline(metrics: Mapping[str, Any]) -> str:
    """Return the most important measures in one line: those in HEADLINE, or the first ones if it has none of them."""
    rows = table(metrics)
    chosen = [row for row in rows if row.name in HEADLINE] or rows[: len(HEADLINE)]
    return " · ".join(f"{row.name} {row.value}" for row in chosen)


def with_interval(value: object, interval: Sequence[float] | None) -> str:
    """Return a measure and, in brackets, its interval as text; a dash for one that a version lacks."""
    bounds = f" [{readable(interval[0])}, {readable(interval[1])}]" if interval else ""
    return "–" if value is None else f"{readable(value)}{bounds}"


def readable(value: object) -> str:
    """Return a value as text, a float with four digits."""
    if isinstance(value, list):  # warnings, each a sentence
        return "; ".join(value)
    return f"{value:.4g}" if isinstance(value, float) else str(value)
