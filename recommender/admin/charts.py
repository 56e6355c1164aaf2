"""Curves for people to look at, as the points of SVG lines."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

LEFT, RIGHT, TOP, BOTTOM = 64, 632, 8, 172  # SVG units; the template draws the axes there


@dataclass(frozen=True)
class Curve:
    name: str
    points: str  # as <polyline points> takes them
    last: float


@dataclass(frozen=True)
class Chart:
    """Curves on one scale."""

    curves: list[Curve]
    low: float
    high: float
    epochs: int


def loss_charts(losses: Sequence[dict]) -> list[Chart]:
    """One chart with a curve for each player, then one for each part of a loss: beside thousands of nats in pixels, a
    hundred in codes would be a flat line. Empty before the first epoch.

    losses: {"epoch": n, player: loss, "player/part": loss} in order.
    """
    names = sorted({name for row in losses for name in row if name != "epoch"})
    players = [name for name in names if "/" not in name]
    charts = [_chart(group, losses) for group in (players, *([name] for name in names if "/" in name))]
    return [chart for chart in charts if chart]


def _chart(names: Sequence[str], losses: Sequence[dict]) -> Chart | None:
    values = [row[name] for row in losses for name in names if name in row and math.isfinite(row[name])]
    if not values:
        return None
    low, high = min(values), max(values)
    curves = []
    for name in names:
        line = [(place, row[name]) for place, row in enumerate(losses) if name in row and math.isfinite(row[name])]
        points = " ".join(f"{across(place, len(losses)):.1f},{down(value, low, high):.1f}" for place, value in line)
        curves.append(Curve(name, points, line[-1][1]))
    return Chart(curves, low, high, len(losses))


def across(place: int, count: int) -> float:
    return LEFT + (RIGHT - LEFT) * place / max(count - 1, 1)


def down(value: float, low: float, high: float) -> float:
    share = (value - low) / (high - low) if high > low else 0.5
    return BOTTOM - (BOTTOM - TOP) * share
