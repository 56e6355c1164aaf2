"""A version's metrics, for people to read."""

from collections.abc import Mapping
from dataclasses import dataclass

APART = ("losses", "intervals")  # a curve, and what stands beside a measure
HEADLINE = 3


@dataclass(frozen=True)
class Measure:
    name: str
    value: str
    interval: str  # empty if none was estimated


def table(metrics: Mapping) -> list[Measure]:
    intervals = metrics.get("intervals", {})
    return [
        Measure(name, readable(value), " to ".join(readable(bound) for bound in intervals.get(name, [])))
        for name, value in metrics.items()
        if name not in APART
    ]


def headline(metrics: Mapping) -> str:
    """The first few, on a line."""
    return " · ".join(f"{measure.name} {measure.value}" for measure in table(metrics)[:HEADLINE])


def readable(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
