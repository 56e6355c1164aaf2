"""Trousers and shorts, from the front."""

from dataclasses import replace

import numpy as np

from catalog.demo.colours import linear
from catalog.demo.paths import at, curve, ellipse, mirrored, outline, ribbon
from catalog.demo.scene import Scene


def trousers(scene: Scene) -> None:
    canvas = scene.canvas
    hem = scene.sample("length", shorts=(44, 52), cropped=(76, 81), full=(93, 95.5))
    foot = scene.sample("cut", skinny=(7, 8.2), straight=(11, 13), wide=(18, 22))
    top, waist, hip, crotch = 6.0, scene.uniform(14.5, 16), scene.uniform(18.5, 20.5), scene.uniform(32, 35)
    gap = scene.sample("cut", skinny=(4.0, 6.0), straight=(2.6, 4.5), wide=(1.2, 3.0))
    reach = (hem - crotch) / (95 - crotch)  # 1 for legs down to the ankle
    outer_end = (1 - reach) * (50 - hip - 1.5) + reach * (50 - gap - foot)
    inner_end = (1 - reach) * 48.3 + reach * (50 - gap)
    pinch = scene.sample("cut", skinny=(0.8, 1.4), straight=(0.2, 0.8), wide=(0.6, 1.4)) * reach

    def along(y: float) -> float:
        """Return x of the outer seam below the hip, as if it were straight."""
        return np.interp(y, [crotch, hem], [50 - hip - 0.2, outer_end])

    knee = crotch + 0.5 * (hem - crotch)
    outer = curve(
        (50 - waist, top),
        (50 - hip + 0.5, top + 13),
        (50 - hip - 0.2, crotch),
        (along(knee) + pinch, knee),
        (outer_end, hem),
    )
    inner = curve((inner_end, hem), (0.5 * (inner_end + 49.4) - 0.4, knee), (49.0, crotch + 3), (50, crotch))
    cuff = curve(outer[-1], (0.5 * (outer_end + inner_end), hem + 1.1), inner[0])
    waistline = curve((50 - waist, top), (50, top + 2.0), (50 + waist, top))
    far = curve((50 - waist, top), (50, top - 1.6), (50 + waist, top))

    inside = replace(scene.plain, colour=scene.plain.colour * np.float32(0.42))
    canvas.add(outline(far, waistline[::-1]), surface=inside, thick=2)
    left = outline(outer, cuff, inner)
    canvas.add(outline(left, mirrored(left), waistline[::-1]), surface=replace(scene.body, folds=2.2), thick=9)
    _details(scene, outer, inner, cuff, waistline, crotch, hem, top)


def _details(
    scene: Scene,
    outer: np.ndarray,
    inner: np.ndarray,
    cuff: np.ndarray,
    waistline: np.ndarray,
    crotch: float,
    hem: float,
    top: float,
) -> None:
    canvas = scene.canvas
    band = waistline + [0, 2.6]
    canvas.add(outline(waistline, band[::-1]), surface=scene.plain, thick=1.8, lift=0.2)
    for share in (0.14, 0.34, 0.66, 0.86):
        x, y = at(waistline, share)
        canvas.add(ribbon(curve((x, y - 0.8), (x, y + 3.8)), 1.5), surface=scene.plain, thick=0.8, lift=0.3)
    canvas.add(ellipse(50, top + 3.4, 1.3, 1.3), surface=scene.metal, thick=0.9, lift=0.2)
    canvas.add_seam(curve((50, top + 5), (50, crotch)), 0.45, 0.6)
    canvas.add_seam(curve((53.6, top + 5), (53.8, crotch - 11), (50.4, crotch - 6)), 0.4, 0.45)
    hip = at(outer, 0.16)
    pocket = curve((50 - 9.5, top + 4.6), (50 - 12, top + 11), hip + [0.4, 0])
    for line in (pocket, mirrored(pocket)):
        canvas.add_seam(line, 0.5, 0.7)
    if scene.attributes["material"] == "denim":
        thread = linear(0.75, 0.42, 0.13)
        for line in (
            pocket + [0.3, 1.1],
            mirrored(pocket) + [0, 1.1],
            band - [0, 0.5],
            cuff - [0, 1.6],
            mirrored(cuff) - [0, 1.6],
        ):
            canvas.add(ribbon(line, 0.5), surface=replace(scene.trim, material="cotton", colour=thread), thick=0.5)
    elif scene.rng.random() < 0.5:  # pressed crease
        knee = 0.5 * (at(outer, 0.7) + at(inner[::-1], 0.6))
        crease = curve((50 - 8.5, top + 10), knee, at(cuff, 0.5))
        for line in (crease, mirrored(crease)):
            canvas.add_seam(line, 0.25, 0.5)
    for line in (cuff, mirrored(cuff)):
        canvas.add_seam(line - [0, 1.8], 0.35, 0.45)
    for y in (crotch - 2.5, crotch + 1.0):  # the pull at the crotch
        fold = curve((49, y), (44, y + 0.5), (39, y - scene.uniform(1, 3)))
        canvas.add_seam(fold, 0.16, 1.1)
        canvas.add_seam(mirrored(fold), 0.16, 1.1)
    if scene.attributes["length"] != "shorts":
        y = crotch + 0.5 * (hem - crotch)
        for dy in (-3.0, 1.0, 5.0):
            x = np.interp(y + dy, outer[:, 1], outer[:, 0])
            fold = curve((x + 1, y + dy), (x + 5, y + dy + scene.uniform(0.5, 2)), (x + 9, y + dy))
            canvas.add_seam(fold, 0.13, 1.1)
            canvas.add_seam(mirrored(fold), 0.13, 1.1)
