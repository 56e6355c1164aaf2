"""Charts of losses and of the reliability of chances, as the points of SVG lines."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

LEFT, RIGHT, TOP, BOTTOM = 64, 632, 8, 172  # SVG units; the template draws the axes there


SQUARE = (40, 240, 8, 208)  # left, right, top and bottom of the chart of chances


@dataclass(frozen=True)
class Tenth:
    """Products whose probability is in one tenth: its mean, the share that was taken, and how many they are."""

    probability: float
    share: float
    count: int
    x: float  # of a point, in SVG units
    y: float


@dataclass(frozen=True)
class Reliability:
    """Reliability of probabilities; on the diagonal they are right."""

    tenths: list[Tenth]
    points: str  # for <polyline points>


@dataclass(frozen=True)
class Curve:
    """Values of one name, as a line."""

    name: str
    points: str  # for <polyline points>
    last: float


@dataclass(frozen=True)
class Chart:
    """Curves that share a scale."""

    curves: list[Curve]
    low: float
    high: float
    epochs: int


def loss_charts(losses: Sequence[Mapping[str, float]]) -> list[Chart]:
    """Return a chart with the loss of each optimizer, then one for each term of a loss; none before the first epoch.

    Terms have charts of their own because their scales differ: beside thousands of nats in pixels, a hundred nats in
    codes would be a flat line.

    losses: one mapping an epoch, {"epoch": n, optimizer: loss, "optimizer/term": loss}.
    """
    names = sorted({name for row in losses for name in row if name != "epoch"})
    optimizers = [name for name in names if "/" not in name]
    charts = [_chart(group, losses) for group in (optimizers, *([name] for name in names if "/" in name))]
    return [chart for chart in charts if chart]


def _chart(names: Sequence[str], losses: Sequence[Mapping[str, float]]) -> Chart | None:
    values = [row[name] for row in losses for name in names if name in row and math.isfinite(row[name])]
    if not values:
        return None
    low, high = min(values), max(values)
    curves = []
    for name in names:
        line = [(index, row[name]) for index, row in enumerate(losses) if name in row and math.isfinite(row[name])]
        points = " ".join(f"{x_of(index, len(losses)):.1f},{y_of(value, low, high):.1f}" for index, value in line)
        curves.append(Curve(name, points, line[-1][1]))
    return Chart(curves, low, high, len(losses))


def x_of(index: int, count: int) -> float:
    """Return the horizontal position of an epoch, in SVG units."""
    return LEFT + (RIGHT - LEFT) * index / max(count - 1, 1)


def y_of(value: float, low: float, high: float) -> float:
    """Return the vertical position of a value, in SVG units; SVG counts from the top."""
    share = (value - low) / (high - low) if high > low else 0.5
    return BOTTOM - (BOTTOM - TOP) * share


def reliability_chart(rows: Sequence[tuple[float, float, int]]) -> Reliability | None:
    """Return the chart of (probability, share, count) of each tenth, from a version's metrics; None without any."""
    left, right, top, bottom = SQUARE
    tenths = [
        Tenth(probability, share, count, left + (right - left) * probability, bottom - (bottom - top) * share)
        for probability, share, count in rows
    ]
    points = " ".join(f"{each.x:.1f},{each.y:.1f}" for each in tenths)
    return Reliability(tenths, points) if tenths else None
