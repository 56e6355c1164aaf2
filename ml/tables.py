"""A comparison as a table that fits a terminal."""

from collections.abc import Sequence
from typing import Any


def table(document: dict[str, Any]) -> str:
    """One row a method and one for chance, one column a metric, half the 95 % interval beside each figure.

    Then the same for each part of the pictures that was measured alone.
    """
    whole = _figures(document, document["results"], turned=document["task"] == "retrieval")
    parts = [
        f"where {title}\n" + _figures(part, [_within(result, title) for result in document["results"]], turned=True)
        for title, part in document.get("where", {}).items()
    ]
    return "\n\n".join([whole, *parts])


def _within(result: dict[str, Any], title: str) -> dict[str, Any]:
    return {"method": result["method"], "seconds": result["seconds"], **result["where"][title]}


def _figures(document: dict[str, Any], results: Sequence[dict[str, Any]], turned: bool) -> str:
    names = sorted({name for result in results for name in result["metrics"]}, key=_order)
    header = ["method", *names, "seconds"]
    rows = [["chance", *(_figure(document["chance"]["metrics"].get(name)) for name in names), ""]]
    for result in results:
        figures = [_figure(result["metrics"].get(name), result["intervals"].get(name)) for name in names]
        rows.append([result["method"], *figures, f"{sum(result['seconds'].values()):.0f}"])
    if turned:  # many labels make many columns
        header, *rows = zip(header, *rows, strict=True)
    return _aligned([header, *rows])


def _order(name: str) -> tuple[str, str]:
    metric, _, label = name.partition("/")
    return label, metric


def _figure(value: float | None, interval: Sequence[float] | None = None) -> str:
    if value is None:
        return "-"
    return f"{value:.3f}" if interval is None else f"{value:.3f} ± {(interval[1] - interval[0]) / 2:.3f}"


def _aligned(rows: list[Sequence[str]]) -> str:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(_line(row, widths) for row in rows)


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    first, *others = zip(row, widths, strict=True)
    return "  ".join([first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in others)])
