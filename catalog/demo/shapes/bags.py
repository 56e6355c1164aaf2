"""Bags, from the front."""

from dataclasses import replace

import numpy as np

from catalog.demo.canvas import Surface
from catalog.demo.paths import curve, ellipse, loop, mirrored, outline, ribbon
from catalog.demo.scene import Scene

FLOOR = 88.0


def bag(scene: Scene) -> float:
    BAG_SHAPES[scene.attributes["shape"]](scene)
    return FLOOR


def _tote(scene: Scene) -> None:
    canvas = scene.canvas
    top, wide, foot = scene.uniform(38, 46), scene.uniform(33, 39), scene.uniform(26, 33)
    _handle(scene, 50 - 0.42 * wide, 50 + 0.42 * wide, top + 1, scene.uniform(20, 30), behind=True)
    left = curve((50 - wide, top), (50 - 0.5 * (wide + foot) - 0.6, 0.5 * (top + FLOOR)), (50 - foot, FLOOR - 1.5))
    base = curve((50 - foot + 1, FLOOR), (50, FLOOR + 0.4), (50 + foot - 1, FLOOR))
    back = outline(
        curve((50 - wide, top), (50, top - 2.4), (50 + wide, top)),
        curve((50 + wide, top), (50, top + 1.6), (50 - wide, top)),
    )
    canvas.add(back, surface=_dark(scene), thick=2)
    rim = curve((50 + wide, top), (50, top + 1.6), (50 - wide, top))
    canvas.add(outline(left, base, mirrored(left), rim), surface=replace(scene.body, folds=1.5), thick=9)
    if scene.rng.random() < 0.5:
        share = scene.uniform(0.62, 0.74)
        y, half = top + share * (FLOOR - top), wide + share * (foot - wide)
        low = curve((50 - half, y), (50, y + 0.8), (50 + half, y))
        canvas.add(outline(low, base[::-1]), surface=scene.trim, thick=6, lift=0.2)
    canvas.add_seam(rim + [0, 3.0], 0.4)
    _handle(scene, 50 - 0.42 * wide, 50 + 0.42 * wide, top + 7, scene.uniform(26, 36), behind=False)
    _trim(scene, 50, top + 3)


def _satchel(scene: Scene) -> None:
    canvas = scene.canvas
    top, half = scene.uniform(40, 47), scene.uniform(34, 39)
    _handle(scene, 50 - 0.3 * half, 50 + 0.3 * half, top + 2, scene.uniform(13, 20), behind=False)
    side = curve(
        (50 - half + 3, top), (50 - half + 0.6, top + 5), (50 - half - 1, FLOOR - 8), (50 - half + 1.5, FLOOR - 0.5)
    )
    base = curve((50 - half + 3, FLOOR), (50, FLOOR + 0.3), (50 + half - 3, FLOOR))
    canvas.add(outline(side, base, mirrored(side)), surface=scene.plain, thick=8)
    low = scene.uniform(0.5, 0.66) * (FLOOR - top) + top
    flap = outline(
        curve((50 - half + 3, top - 0.4), (50, top - 1.2), (50 + half - 3, top - 0.4)),
        curve((50 + half - 2, top + 1), (50 + half - 0.4, low - 6), (50 + half - 7, low)),
        curve((50 + half - 7, low), (50, low + scene.uniform(1, 6)), (50 - half + 7, low)),
        curve((50 - half + 7, low), (50 - half + 0.4, low - 6), (50 - half + 2, top + 1)),
    )
    canvas.add(flap, surface=scene.body, thick=7, lift=1.0)
    inner = (flap - [50, top]) * [0.955, 0.945] + [50, top]
    canvas.add_seam(inner[10:], 0.35, 0.45)
    for x in (50 - 0.55 * half, 50 + 0.55 * half):
        if scene.attributes["trim"] == "buckle":
            canvas.add(ribbon(curve((x, top + 3), (x, low + 9)), 4.2), surface=scene.trim, thick=1.8, lift=0.5)
            _frame(scene, x, low - 1, 3.4)
    if scene.attributes["trim"] == "tassel":
        _tassel(scene, 50 + 0.75 * half, low - 4)
    if scene.attributes["trim"] != "buckle":
        canvas.add(
            outline([(46, low - 3), (54, low - 3), (53, low + 5), (47, low + 5)]),
            surface=scene.metal,
            thick=1.6,
            lift=0.5,
        )


def _hobo(scene: Scene) -> None:
    canvas = scene.canvas
    half, top, sag = scene.uniform(36, 41), scene.uniform(47, 53), scene.uniform(7, 12)
    strap = curve(
        (50 - half + 3, top + 2),
        (50 - 0.72 * half, 26),
        (50, scene.uniform(9, 14)),
        (50 + 0.72 * half, 26),
        (50 + half - 3, top + 2),
    )
    canvas.add(ribbon(strap + [1.5, 2.0], 3.4), surface=_dark(scene), thick=2)
    canvas.add(ribbon(strap, 6.5, 4.2, 4, 4.2, 6.5), surface=scene.plain, thick=2.6)
    back = curve((50 - half, top), (50, top + 0.45 * sag), (50 + half, top))
    mouth = curve(
        (50 - half, top),
        (50 - 0.5 * half, top + 0.8 * sag),
        (50, top + sag),
        (50 + 0.5 * half, top + 0.8 * sag),
        (50 + half, top),
    )
    canvas.add(outline(back, mouth[::-1]), surface=_dark(scene), thick=2)
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
    canvas.add(outline(mouth, belly), surface=replace(scene.body, folds=3.2), thick=20)
    for x, dx in ((50 - 0.62 * half, 5), (50 + 0.62 * half, -5), (50 - 0.25 * half, 2)):
        canvas.add_seam(curve((x, top + sag), (x + dx, top + sag + 9), (x + 1.5 * dx, top + sag + 19)), 0.22, 1.2)
    canvas.add_seam(mouth + [0, 2.4], 0.35)
    for x in (50 - half + 3, 50 + half - 3):
        _frame(scene, x, top + 2.5, 2.8)
    _trim(scene, 50, top + sag)


def _backpack(scene: Scene) -> None:
    canvas = scene.canvas
    half, top = scene.uniform(25, 29), scene.uniform(19, 24)
    for side in (-1, 1):
        strap = curve(
            (50 + side * 0.4 * half, top + 3),
            (50 + side * (half + 7), 45),
            (50 + side * (half + 5), 70),
            (50 + side * (half - 2), FLOOR - 6),
        )
        canvas.add(ribbon(strap, 6, 6, 4, 3), surface=_dark(scene), thick=2.5)
    _handle(scene, 44, 56, top + 2, 10, behind=False)
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
    canvas.add(body, surface=scene.body, thick=14)
    zip_line = curve(
        (50 - half + 1, top + 26),
        (50 - 0.78 * half, top + 9),
        (50, top + 5.5),
        (50 + 0.78 * half, top + 9),
        (50 + half - 1, top + 26),
    )
    canvas.add(ribbon(zip_line, 1.7), surface=_dark(scene), thick=1)
    canvas.add(ribbon(zip_line, 0.6), surface=scene.metal, thick=0.5)
    y = scene.uniform(56, 60)
    pocket = loop(
        (50 - 0.74 * half, y),
        (50, y - 1.5),
        (50 + 0.74 * half, y),
        (50 + 0.78 * half, FLOOR - 8),
        (50, FLOOR - 4.5),
        (50 - 0.78 * half, FLOOR - 8),
    )
    canvas.add(pocket, surface=scene.trim if scene.rng.random() < 0.5 else scene.plain, thick=6, lift=0.9)
    canvas.add(
        ribbon(curve((50 - 0.66 * half, y + 3.5), (50, y + 2), (50 + 0.66 * half, y + 3.5)), 1.2),
        surface=scene.metal,
        thick=0.7,
    )
    _trim(scene, 50, y - 6)


def _clutch(scene: Scene) -> None:
    canvas = scene.canvas
    top, half = scene.uniform(47, 53), scene.uniform(39, 43)
    chain = curve(
        (50 + half - 3, top + 3),
        (50 + half + 2, top - 14),
        (50 + 0.4 * half, top - 20),
        (50 + 0.15 * half, top - 8),
        (50, top),
    )
    for x, y in chain[::2]:
        canvas.add(ellipse(x, y, 1.3, 0.9, 0.6), surface=scene.metal, thick=0.7)
    side = curve((50 - half, top + 1.5), (50 - half - 0.6, 0.5 * (top + FLOOR)), (50 - half, FLOOR - 2))
    base = curve((50 - half + 2, FLOOR), (50, FLOOR), (50 + half - 2, FLOOR))
    canvas.add(outline(side, base, mirrored(side)), surface=scene.plain, thick=5)
    low = top + scene.uniform(0.5, 0.72) * (FLOOR - top)
    flap = outline(
        [(50 - half, top + 1.5), (50 - half + 2, top)],
        [(50 + half - 2, top), (50 + half, top + 1.5)],
        curve((50 + half, top + 4), (50 + 0.45 * half, low - 5), (50, low)),
        curve((50, low), (50 - 0.45 * half, low - 5), (50 - half, top + 4)),
    )
    canvas.add(flap, surface=scene.body, thick=5, lift=1.0)
    canvas.add(ellipse(50, low - 3, 3.0, 3.0), surface=scene.metal, thick=2, lift=0.5)
    if scene.attributes["trim"] == "tassel":
        _tassel(scene, 50 - half + 8, top + 4)
    elif scene.attributes["trim"] == "buckle":
        _frame(scene, 50, low - 3, 5)


def _handle(scene: Scene, left: float, right: float, y: float, high: float, behind: bool) -> None:
    line = curve(
        (left, y + 3),
        (left + 0.5, y - 0.6 * high),
        (0.5 * (left + right), y - high),
        (right - 0.5, y - 0.6 * high),
        (right, y + 3),
    )
    surface = (
        _dark(scene)
        if behind
        else replace(scene.trim, material=scene.plain.material if scene.rng.random() < 0.4 else "leather")
    )
    scene.canvas.add(ribbon(line, 3.4), surface=surface, thick=1.8, lift=0.0 if behind else 0.8)
    if not behind:
        for x in (left, right):
            scene.canvas.add(ellipse(x, y + 2.5, 1.2, 1.2), surface=scene.metal, thick=0.8)


def _trim(scene: Scene, x: float, y: float) -> None:
    if scene.attributes["trim"] == "tassel":
        _tassel(scene, x + 8, y)
    elif scene.attributes["trim"] == "buckle":
        scene.canvas.add(ribbon(curve((x, y - 2), (x, y + 11)), 4.6), surface=scene.trim, thick=1.8, lift=0.6)
        _frame(scene, x, y + 6, 3.8)


def _tassel(scene: Scene, x: float, y: float) -> None:
    canvas, trim = scene.canvas, replace(scene.trim, material="suede")
    canvas.add(ribbon(curve((x, y), (x + 0.4, y + 5)), 1.0), surface=trim, thick=0.8)
    canvas.add(
        outline([(x - 1.4, y + 5), (x + 1.8, y + 5), (x + 3.2, y + 17), (x - 2.8, y + 17)]),
        surface=trim,
        thick=2,
        lift=0.6,
    )
    canvas.add(ellipse(x + 0.2, y + 5.5, 2.0, 1.6), surface=trim, thick=1.5)
    for dx in (-1.2, 0.3, 1.7):
        canvas.add_seam(curve((x + 0.4 * dx, y + 7), (x + dx, y + 17)), 0.5, 0.4)


def _frame(scene: Scene, x: float, y: float, size: float) -> None:
    canvas = scene.canvas
    square = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)]) * size * 0.85
    canvas.add(square + [x, y], surface=scene.metal, thick=1.2, lift=0.4)
    canvas.add(square * 0.6 + [x, y], surface=scene.trim, thick=1)
    canvas.add(ribbon(curve((x, y - size * 0.7), (x, y + size * 0.8)), 0.9), surface=scene.metal, thick=0.6)


def _dark(scene: Scene) -> Surface:
    return replace(scene.plain, colour=scene.plain.colour * np.float32(0.5))


BAG_SHAPES = {"tote": _tote, "satchel": _satchel, "hobo": _hobo, "backpack": _backpack, "clutch": _clutch}
