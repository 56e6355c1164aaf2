"""Costs as curves: both axes logarithmic, so that what grows in proportion has the slope of the dashed line."""

import math
from collections.abc import Sequence

from PIL import Image, ImageDraw

from ml.benchmark.drawing import BLUE, GREEN, GREY, INK, PALE, SHARP, format_number, load_font

COLOURS = (BLUE, "#c2410c", GREEN, "#7c3aed")
WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 470, 300, 62, 14, 34, 42
TITLES = {"seconds": "CPU seconds", "megabytes": "megabytes, beyond Python and torch"}


def drawn(rows: Sequence[dict]) -> Image.Image:
    """rows: with "work", "growing" ("users" or "items"), the counts of both, "seconds" and "megabytes"."""
    works = list(dict.fromkeys(row["work"] for row in rows))
    sheet = Image.new("RGB", (SHARP * 2 * WIDTH, SHARP * (2 * HEIGHT + 30)), "white")
    for down, what in enumerate(TITLES):
        span = _decades([row[what] for row in rows])
        for across, growing in enumerate(("users", "items")):
            own = [row for row in rows if row["growing"] == growing]
            sheet.paste(_panel(own, works, growing, what, span), (SHARP * across * WIDTH, SHARP * down * HEIGHT))
    draw = ImageDraw.Draw(sheet)
    x = LEFT * SHARP
    for work, colour in zip(works, COLOURS, strict=True):
        y = SHARP * (2 * HEIGHT + 12)
        draw.line((x, y, x + 20 * SHARP, y), colour, 3 * SHARP)
        draw.text((x + 26 * SHARP, y), work, INK, load_font(14 * SHARP), anchor="lm")
        x += round(load_font(14 * SHARP).getlength(work)) + 56 * SHARP
    return sheet.resize((2 * WIDTH, 2 * HEIGHT + 30), Image.Resampling.LANCZOS)


def _decades(values: Sequence[float]) -> tuple[int, int]:
    low = math.floor(math.log10(min(value for value in values if value > 0)))
    return low, max(low + 1, math.ceil(math.log10(max(values))))


def _panel(rows: Sequence[dict], works: Sequence[str], growing: str, what: str, span: tuple[int, int]) -> Image.Image:
    panel = Image.new("RGB", (SHARP * WIDTH, SHARP * HEIGHT), "white")
    draw = ImageDraw.Draw(panel)
    counts = sorted({row[growing] for row in rows})
    low, high = span
    first, decades = math.log10(counts[0]), math.log10(counts[-1] / counts[0])

    def at(count: float, value: float) -> tuple[float, float]:
        x = LEFT + (WIDTH - LEFT - RIGHT) * (math.log10(count) - first) / decades
        up = (math.log10(max(value, 10**low)) - low) / (high - low)
        return SHARP * x, SHARP * (HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * up)

    small = load_font(13 * SHARP)
    for power in range(low, high + 1):
        draw.line([at(counts[0], 10**power), at(counts[-1], 10**power)], PALE, SHARP)
        x, y = at(counts[0], 10**power)
        draw.text((x - 8 * SHARP, y), format_number(10**power), GREY, small, anchor="rm")
    for count in counts:
        x, y = at(count, 10**low)
        anchor = {counts[0]: "lt", counts[-1]: "rt"}.get(count, "mt")
        draw.text((x, y + 8 * SHARP), f"{count:,} {'products' if growing == 'items' else growing}", GREY, small, anchor)
    _dashes(
        draw,
        at(counts[0], 10**low),
        at(counts[0] * 10 ** min(decades, high - low), 10 ** (low + min(decades, high - low))),
    )
    for work, colour in zip(works, COLOURS, strict=True):
        points = [at(row[growing], row[what]) for row in rows if row["work"] == work]
        draw.line(points, colour, 2 * SHARP, joint="curve")
        for x, y in points:
            draw.ellipse((x - 4 * SHARP, y - 4 * SHARP, x + 4 * SHARP, y + 4 * SHARP), fill=colour)
    draw.text((LEFT * SHARP, 6 * SHARP), TITLES[what], INK, load_font(16 * SHARP))
    return panel


def _dashes(draw: ImageDraw.ImageDraw, start: tuple[float, float], end: tuple[float, float], count: int = 25) -> None:
    for dash in range(count):
        ends = [[a + (b - a) * share / count for a, b in zip(start, end, strict=True)] for share in (dash, dash + 0.5)]
        draw.line([tuple(each) for each in ends], GREY, SHARP)
