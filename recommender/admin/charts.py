"""Charts of losses, as the points of SVG lines."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

LEFT, RIGHT, TOP, BOTTOM = 64, 632, 8, 172  # SVG units; the template draws the axes there


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
