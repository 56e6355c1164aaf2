"""Bags, from the front."""

from dataclasses import replace

import numpy as np

from catalog.demo.look import Look
from catalog.demo.paths import curve, ellipse, loop, mirrored, outline, ribbon
from catalog.demo.studio import Surface

FLOOR = 88.0


def bag(look: Look) -> float:
    SHAPES[look.words["shape"]](look)
    return FLOOR


def _tote(look: Look) -> None:
    studio = look.studio
    top, wide, foot = look.vary(38, 46), look.vary(33, 39), look.vary(26, 33)
    _handle(look, 50 - 0.42 * wide, 50 + 0.42 * wide, top + 1, look.vary(20, 30), behind=True)
    left = curve((50 - wide, top), (50 - 0.5 * (wide + foot) - 0.6, 0.5 * (top + FLOOR)), (50 - foot, FLOOR - 1.5))
    base = curve((50 - foot + 1, FLOOR), (50, FLOOR + 0.4), (50 + foot - 1, FLOOR))
    back = outline(
        curve((50 - wide, top), (50, top - 2.4), (50 + wide, top)),
        curve((50 + wide, top), (50, top + 1.6), (50 - wide, top)),
    )
    studio.part(back, surface=_dark(look), thick=2)
    rim = curve((50 + wide, top), (50, top + 1.6), (50 - wide, top))
    studio.part(outline(left, base, mirrored(left), rim), surface=replace(look.body, folds=1.5), thick=9)
    if look.rng.random() < 0.5:
        share = look.vary(0.62, 0.74)
        y, half = top + share * (FLOOR - top), wide + share * (foot - wide)
        low = curve((50 - half, y), (50, y + 0.8), (50 + half, y))
        studio.part(outline(low, base[::-1]), surface=look.trim, thick=6, lift=0.2)
    studio.seam(rim + [0, 3.0], 0.4)
    _handle(look, 50 - 0.42 * wide, 50 + 0.42 * wide, top + 7, look.vary(26, 36), behind=False)
    _trim(look, 50, top + 3)


def _satchel(look: Look) -> None:
    studio = look.studio
    top, half = look.vary(40, 47), look.vary(34, 39)
    _handle(look, 50 - 0.3 * half, 50 + 0.3 * half, top + 2, look.vary(13, 20), behind=False)
    side = curve(
        (50 - half + 3, top), (50 - half + 0.6, top + 5), (50 - half - 1, FLOOR - 8), (50 - half + 1.5, FLOOR - 0.5)
    )
    base = curve((50 - half + 3, FLOOR), (50, FLOOR + 0.3), (50 + half - 3, FLOOR))
    studio.part(outline(side, base, mirrored(side)), surface=look.plain, thick=8)
    low = look.vary(0.5, 0.66) * (FLOOR - top) + top
    flap = outline(
        curve((50 - half + 3, top - 0.4), (50, top - 1.2), (50 + half - 3, top - 0.4)),
        curve((50 + half - 2, top + 1), (50 + half - 0.4, low - 6), (50 + half - 7, low)),
        curve((50 + half - 7, low), (50, low + look.vary(1, 6)), (50 - half + 7, low)),
        curve((50 - half + 7, low), (50 - half + 0.4, low - 6), (50 - half + 2, top + 1)),
    )
    studio.part(flap, surface=look.body, thick=7, lift=1.0)
    inner = (flap - [50, top]) * [0.955, 0.945] + [50, top]
    studio.seam(inner[10:], 0.35, 0.45)
    for x in (50 - 0.55 * half, 50 + 0.55 * half):
        if look.words["trim"] == "buckle":
            studio.part(ribbon(curve((x, top + 3), (x, low + 9)), 4.2), surface=look.trim, thick=1.8, lift=0.5)
            _frame(look, x, low - 1, 3.4)
    if look.words["trim"] == "tassel":
        _tassel(look, 50 + 0.75 * half, low - 4)
    if look.words["trim"] != "buckle":
        studio.part(
            outline([(46, low - 3), (54, low - 3), (53, low + 5), (47, low + 5)]),
            surface=look.metal,
            thick=1.6,
            lift=0.5,
        )


def _hobo(look: Look) -> None:
    studio = look.studio
    half, top, sag = look.vary(36, 41), look.vary(47, 53), look.vary(7, 12)
    strap = curve(
        (50 - half + 3, top + 2),
        (50 - 0.72 * half, 26),
        (50, look.vary(9, 14)),
        (50 + 0.72 * half, 26),
        (50 + half - 3, top + 2),
    )
    studio.part(ribbon(strap + [1.5, 2.0], 3.4), surface=_dark(look), thick=2)
    studio.part(ribbon(strap, 6.5, 4.2, 4, 4.2, 6.5), surface=look.plain, thick=2.6)
    back = curve((50 - half, top), (50, top + 0.45 * sag), (50 + half, top))
    mouth = curve(
        (50 - half, top),
        (50 - 0.5 * half, top + 0.8 * sag),
        (50, top + sag),
        (50 + 0.5 * half, top + 0.8 * sag),
        (50 + half, top),
    )
    studio.part(outline(back, mouth[::-1]), surface=_dark(look), thick=2)
    belly = curve(
        (50 + half, top),
        (50 + half + 2.5, top + 12),
        (50 + 0.82 * half, FLOOR - 6),
        (50 + 0.4 * half, FLOOR),
        (50 - 0.4 * half, FLOOR),
        (50 - 0.82 * half, FLOOR - 6),
        (50 - half - 2.5, top + 12),
        (50 - half, top),
    )
    studio.part(outline(mouth, belly), surface=replace(look.body, folds=3.2), thick=20)
    for x, dx in ((50 - 0.62 * half, 5), (50 + 0.62 * half, -5), (50 - 0.25 * half, 2)):
        studio.seam(curve((x, top + sag), (x + dx, top + sag + 9), (x + 1.5 * dx, top + sag + 19)), 0.22, 1.2)
    studio.seam(mouth + [0, 2.4], 0.35)
    for x in (50 - half + 3, 50 + half - 3):
        _frame(look, x, top + 2.5, 2.8)
    _trim(look, 50, top + sag)


def _backpack(look: Look) -> None:
    studio = look.studio
    half, top = look.vary(25, 29), look.vary(19, 24)
    for side in (-1, 1):
        strap = curve(
            (50 + side * 0.4 * half, top + 3),
            (50 + side * (half + 7), 45),
            (50 + side * (half + 5), 70),
            (50 + side * (half - 2), FLOOR - 6),
        )
        studio.part(ribbon(strap, 6, 6, 4, 3), surface=_dark(look), thick=2.5)
    _handle(look, 44, 56, top + 2, 10, behind=False)
    body = loop(
        (50, top),
        (50 + 0.75 * half, top + 2.5),
        (50 + half, top + 16),
        (50 + half + 1.5, FLOOR - 16),
        (50 + 0.86 * half, FLOOR - 1.5),
        (50, FLOOR),
        (50 - 0.86 * half, FLOOR - 1.5),
        (50 - half - 1.5, FLOOR - 16),
        (50 - half, top + 16),
        (50 - 0.75 * half, top + 2.5),
    )
    studio.part(body, surface=look.body, thick=14)
    zip_line = curve(
        (50 - half + 1, top + 26),
        (50 - 0.78 * half, top + 9),
        (50, top + 5.5),
        (50 + 0.78 * half, top + 9),
        (50 + half - 1, top + 26),
    )
    studio.part(ribbon(zip_line, 1.7), surface=_dark(look), thick=1)
    studio.part(ribbon(zip_line, 0.6), surface=look.metal, thick=0.5)
    y = look.vary(56, 60)
    pocket = loop(
        (50 - 0.74 * half, y),
        (50, y - 1.5),
        (50 + 0.74 * half, y),
        (50 + 0.78 * half, FLOOR - 8),
        (50, FLOOR - 4.5),
        (50 - 0.78 * half, FLOOR - 8),
    )
    studio.part(pocket, surface=look.trim if look.rng.random() < 0.5 else look.plain, thick=6, lift=0.9)
    studio.part(
        ribbon(curve((50 - 0.66 * half, y + 3.5), (50, y + 2), (50 + 0.66 * half, y + 3.5)), 1.2),
        surface=look.metal,
        thick=0.7,
    )
    _trim(look, 50, y - 6)


def _clutch(look: Look) -> None:
    studio = look.studio
    top, half = look.vary(47, 53), look.vary(39, 43)
    chain = curve(
        (50 + half - 3, top + 3),
        (50 + half + 2, top - 14),
        (50 + 0.4 * half, top - 20),
        (50 + 0.15 * half, top - 8),
        (50, top),
    )
    for x, y in chain[::2]:
        studio.part(ellipse(x, y, 1.3, 0.9, 0.6), surface=look.metal, thick=0.7)
    side = curve((50 - half, top + 1.5), (50 - half - 0.6, 0.5 * (top + FLOOR)), (50 - half, FLOOR - 2))
    base = curve((50 - half + 2, FLOOR), (50, FLOOR), (50 + half - 2, FLOOR))
    studio.part(outline(side, base, mirrored(side)), surface=look.plain, thick=5)
    low = top + look.vary(0.5, 0.72) * (FLOOR - top)
    flap = outline(
        [(50 - half, top + 1.5), (50 - half + 2, top)],
        [(50 + half - 2, top), (50 + half, top + 1.5)],
        curve((50 + half, top + 4), (50 + 0.45 * half, low - 5), (50, low)),
        curve((50, low), (50 - 0.45 * half, low - 5), (50 - half, top + 4)),
    )
    studio.part(flap, surface=look.body, thick=5, lift=1.0)
    studio.part(ellipse(50, low - 3, 3.0, 3.0), surface=look.metal, thick=2, lift=0.5)
    if look.words["trim"] == "tassel":
        _tassel(look, 50 - half + 8, top + 4)
    elif look.words["trim"] == "buckle":
        _frame(look, 50, low - 3, 5)


def _handle(look: Look, left: float, right: float, y: float, high: float, behind: bool) -> None:
    line = curve(
        (left, y + 3),
        (left + 0.5, y - 0.6 * high),
        (0.5 * (left + right), y - high),
        (right - 0.5, y - 0.6 * high),
        (right, y + 3),
    )
    surface = (
        _dark(look)
        if behind
        else replace(look.trim, material=look.plain.material if look.rng.random() < 0.4 else "leather")
    )
    look.studio.part(ribbon(line, 3.4), surface=surface, thick=1.8, lift=0.0 if behind else 0.8)
    if not behind:
        for x in (left, right):
            look.studio.part(ellipse(x, y + 2.5, 1.2, 1.2), surface=look.metal, thick=0.8)


def _trim(look: Look, x: float, y: float) -> None:
    if look.words["trim"] == "tassel":
        _tassel(look, x + 8, y)
    elif look.words["trim"] == "buckle":
        look.studio.part(ribbon(curve((x, y - 2), (x, y + 11)), 4.6), surface=look.trim, thick=1.8, lift=0.6)
        _frame(look, x, y + 6, 3.8)


def _tassel(look: Look, x: float, y: float) -> None:
    studio, trim = look.studio, replace(look.trim, material="suede")
    studio.part(ribbon(curve((x, y), (x + 0.4, y + 5)), 1.0), surface=trim, thick=0.8)
    studio.part(
        outline([(x - 1.4, y + 5), (x + 1.8, y + 5), (x + 3.2, y + 17), (x - 2.8, y + 17)]),
        surface=trim,
        thick=2,
        lift=0.6,
    )
    studio.part(ellipse(x + 0.2, y + 5.5, 2.0, 1.6), surface=trim, thick=1.5)
    for dx in (-1.2, 0.3, 1.7):
        studio.seam(curve((x + 0.4 * dx, y + 7), (x + dx, y + 17)), 0.5, 0.4)


def _frame(look: Look, x: float, y: float, size: float) -> None:
    studio = look.studio
    square = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)]) * size * 0.85
    studio.part(square + [x, y], surface=look.metal, thick=1.2, lift=0.4)
    studio.part(square * 0.6 + [x, y], surface=look.trim, thick=1)
    studio.part(ribbon(curve((x, y - size * 0.7), (x, y + size * 0.8)), 0.9), surface=look.metal, thick=0.6)


def _dark(look: Look) -> Surface:
    return replace(look.plain, colour=look.plain.colour * np.float32(0.5))


SHAPES = {"tote": _tote, "satchel": _satchel, "hobo": _hobo, "backpack": _backpack, "clutch": _clutch}
