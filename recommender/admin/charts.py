"""Charts as tables of numbers, which static/charts.js draws beside them."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from recommender.models import ModelVersion
from recommender.versions import methods

Losses = Sequence[Mapping[str, float]]  # one mapping an epoch: {"epoch": n, optimizer: loss, "optimizer/term": loss}


@dataclass(frozen=True)
class Cell:
    """A point of a curve, as number and as text, with the bounds of its interval if it has one."""

    value: float
    text: str
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Row:
    """The points of all curves above one place of the horizontal axis; None where a curve has none."""

    x: float  # of a time: seconds since 1970
    label: str
    cells: list[Cell | None]


@dataclass(frozen=True)
class Chart:
    """Curves that share their axes."""

    title: str
    x_name: str
    unit: str  # of the values; "" if they have none
    curves: list[str]
    rows: list[Row]
    is_time: bool = False
    from_zero: bool = False  # whether the vertical axis begins at 0


def loss_charts(version: ModelVersion) -> list[Chart]:
    """Return a chart with the loss of each optimizer, then one for each term of a loss; none before the first epoch.

    Terms have charts of their own because their scales differ: beside thousands of nats in pixels, a hundred nats in
    codes would be a flat line.
    """
    losses = losses_of(version)
    names = names_of(losses)
    optimizers = [name for name in names if "/" not in name]
    groups = [
        (f"Loss of {', '.join(optimizers)}", optimizers),
        *((f"Part {name}", [name]) for name in names if "/" in name),
    ]
    unit = methods.loss_unit(version.method)
    return [_chart(title, unit, [(name, losses, name) for name in group]) for title, group in groups if group]


def compared_losses(versions: Sequence[ModelVersion]) -> list[Chart]:
    """Return charts of the losses of versions, over each other where they are of one method.

    The losses of two methods are different figures, which share no scale.
    """
    if len({version.method for version in versions}) > 1:
        return [
            replace(chart, title=f"{version}: {chart.title}")
            for version in versions
            for chart in loss_charts(version)[:1]
        ]
    known = {str(version): losses_of(version) for version in versions}
    names = sorted({name for losses in known.values() for name in names_of(losses)})
    unit, found = methods.loss_unit(versions[0].method), []
    for name in names:
        title = f"{'Part' if '/' in name else 'Loss of'} {name}"
        found.append(_chart(title, unit, [(label, losses, name) for label, losses in known.items()]))
    return found


def losses_of(version: ModelVersion) -> Losses:
    """Return the losses of a version by epoch."""
    found: Losses = version.metrics.get("losses", [])
    return found


def names_of(losses: Losses) -> list[str]:
    """Return the names of the losses that are numbers in some epoch."""
    return sorted({name for row in losses for name in row if name != "epoch" and math.isfinite(row[name])})


def _chart(title: str, unit: str, curves: Sequence[tuple[str, Losses, str]]) -> Chart:
    """Return the chart of curves, each of (label, losses, name of the loss)."""
    by_epoch: dict[int, list[Cell | None]] = {}
    for index, (_, losses, name) in enumerate(curves):
        for row in losses:
            value = row.get(name, math.nan)
            if math.isfinite(value):
                cells = by_epoch.setdefault(int(row["epoch"]), [None] * len(curves))
                cells[index] = Cell(value, f"{value:.4g}")
    rows = [Row(epoch, str(epoch), cells) for epoch, cells in sorted(by_epoch.items())]
    return Chart(title, "epoch", unit, [label for label, _, _ in curves], rows)


def reliability_chart(tenths: Sequence[tuple[float, float, int]]) -> Chart | None:
    """Return the chart of (probability, share, count) of each tenth, from a version's metrics; None without any.

    Its second curve is the share that would be right.
    """
    rows = [
        Row(probability, f"{100 * probability:.0f} %", [
            Cell(100 * share, f"{100 * share:.0f} % of {count:,}"),
            Cell(100 * probability, f"{100 * probability:.0f} %"),
        ])
        for probability, share, count in tenths
    ]  # fmt: skip
    return Chart("Share that was taken", "chance", "%", ["taken", "if the chances were right"], rows) if rows else None
