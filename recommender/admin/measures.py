"""A version's metrics, for people to read."""

from collections.abc import Mapping
from dataclasses import dataclass

APART = ("losses", "intervals")  # a curve, and what stands beside a measure
HEADLINE = ("auc", "auc/cold", "ndcg@10")


@dataclass(frozen=True)
class Measure:
    name: str
    value: str
    interval: str  # empty if none was estimated


def table(metrics: Mapping) -> list[Measure]:
    intervals = metrics.get("intervals", {})
    return [
        Measure(name, readable(value), " to ".join(readable(bound) for bound in intervals.get(name, [])))
        for name, value in sorted(metrics.items())
        if name not in APART
    ]


def headline(metrics: Mapping) -> str:
    """On a line, what a personal version is judged by; of another the first few."""
    rows = table(metrics)
    chosen = [row for row in rows if row.name in HEADLINE] or rows[: len(HEADLINE)]
    return " · ".join(f"{row.name} {row.value}" for row in chosen)


def readable(value: object) -> str:
    if isinstance(value, list):  # of sentences: what went wrong
        return "; ".join(value)
    return f"{value:.4g}" if isinstance(value, float) else str(value)
