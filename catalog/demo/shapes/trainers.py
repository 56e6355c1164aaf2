"""Trainers, in profile, the toe to the left."""

from dataclasses import replace

import numpy as np

from catalog.demo.colours import linear
from catalog.demo.paths import at, between, curve, outline, part_of, ribbon
from catalog.demo.scene import Scene

FLOOR = 82.0
STAR = [(np.sin(i * np.pi / 5) * r, -np.cos(i * np.pi / 5) * r) for i, r in zip(range(10), [1, 0.42] * 5, strict=True)]


def trainer(scene: Scene) -> float:
    canvas = scene.canvas
    sole = scene.sample("sole", thin=(5, 6.5), chunky=(10, 13))
    top = scene.sample("shaft", low=(43, 47), high=(22, 27))
    upper = FLOOR - sole
    toe_high = scene.uniform(14, 18)

    bed = curve((8, upper + 1.5), (20, upper + 2.5), (50, upper + 2), (78, upper + 0.5), (93, upper - 1.5))
    toe = curve((8.5, upper + 2), (8.5, upper - 8), (16, upper - toe_high), (30, upper - toe_high - 4.5))
    throat = curve(
        (30, upper - toe_high - 4.5), (40, upper - toe_high - 11), (50, 46), (54 + 0.1 * (46 - top), top + 1)
    )
    collar = curve((54 + 0.1 * (46 - top), top + 1), (64, top + 6), (76, top + 5), (87, top - 1.5))
    heel = curve((87, top - 1.5), (89, top + 2), (87.5, 54), (91, 64), (92.5, upper - 1))
    far_collar = curve(throat[-1], (63, top - 2.5), (76, top - 3), (87, top - 1.5))

    tip = throat[-1]
    tongue = curve(
        at(throat, 0.5),
        at(throat, 0.8) + [-2.2, -2.2],
        tip + [-3.4, -4.6],
        tip + [1.2, -6.4],
        tip + [5, -3],
        tip + [5, 4],
    )
    canvas.add(outline(collar, far_collar[::-1]), surface=scene.lining, thick=3)
    canvas.tint(outline(collar, far_collar[::-1]), colour=linear(0.3, 0.3, 0.3), strength=0.5)
    canvas.add(outline(tongue), surface=scene.plain, thick=4, lift=0.8)
    shape = outline(bed, heel[::-1], collar[::-1], throat[::-1], toe[::-1])
    canvas.add(shape, surface=scene.body, thick=11)
    canvas.add_seam(collar + [0.3, 2.6], 0.45)

    _panels(scene, bed, toe, throat, heel, top)
    _side(scene, upper, top)
    _laces(scene, throat, upper, top)
    _sole(scene, upper, sole)
    return FLOOR


def _panels(scene: Scene, bed: np.ndarray, toe: np.ndarray, throat: np.ndarray, heel: np.ndarray, top: float) -> None:
    canvas, trim = scene.canvas, scene.trim
    kind = scene.rng.integers(3)
    if kind > 0:  # toe cap
        cut = curve(at(toe, 0.86), (27, at(toe, 0.86)[1] + 6), (29, bed[0][1] + 0.5))
        canvas.add(
            outline(part_of(toe, 0, 0.86), cut, part_of(bed, 0.25, 0)),
            surface=trim if kind == 2 else scene.plain,
            thick=7,
            lift=0.3,
        )
    back = heel[-1][0]
    cut = curve(at(heel, 0.42), (back - 10, at(heel, 0.5)[1] + 2), (back - 16, heel[-1][1] + 2))
    canvas.add(outline(cut, (heel[-1:] + [0, 1.5]), part_of(heel, 1, 0.42)), surface=trim, thick=7, lift=0.3)
    tab = ribbon(part_of(heel, 0.0, 0.2) + [-0.8, 0.5], 4.2)
    canvas.add(tab, surface=trim, thick=2, lift=0.2)
    stay = throat + [5.0, 7.0]
    canvas.add(outline(throat, stay[::-1]), surface=scene.plain, thick=3, lift=0.3)
    canvas.add_seam(between(throat, stay, 0.86), 0.35, 0.45)


def _side(scene: Scene, upper: float, top: float) -> None:
    canvas, trim = scene.canvas, scene.attributes["trim"]
    mark = replace(scene.trim, material="leather")
    if trim == "bars":
        for x in (50.0, 57.0, 64.0):
            bar = curve((x, upper + 1), (x + 6, upper - 9), (x + 10.5, upper - 17))
            canvas.add(ribbon(bar, 3.4), surface=mark, thick=1.5, lift=0.2)
    elif trim == "wave":
        wave = curve((38, upper - 4), (47, upper - 10.5), (56, upper - 5.5), (67, upper - 8), (78, upper - 17))
        canvas.add(ribbon(wave, 1.0, 5, 4.5, 3.5, 0.8), surface=mark, thick=2, lift=0.2)
    elif trim == "star":
        x, y, size = 63, (upper - 11 if top > 35 else 45), 6.0
        canvas.add(np.array(STAR) * size + [x, y], surface=mark, thick=1.5, lift=0.2)


def _laces(scene: Scene, throat: np.ndarray, upper: float, top: float) -> None:
    white = replace(scene.lining, material="cotton", colour=linear(0.85, 0.85, 0.83))
    lace = white if scene.rng.random() < 0.6 else replace(scene.trim, material="cotton")
    rows = 5 if top > 35 else 7
    for share in np.linspace(0.1, 0.9, rows):
        x, y = at(throat, share)
        scene.canvas.add(
            ribbon(curve((x - 1.6, y - 0.6), (x + 1.5, y + 0.6), (x + 4.2, y + 4.6)), 2.0, 2.0, 1.6),
            surface=lace,
            thick=1.2,
            lift=0.5,
        )


def _sole(scene: Scene, upper: float, sole: float) -> None:
    canvas = scene.canvas
    pale = linear(0.82, 0.81, 0.78)
    midsole = replace(scene.sole, colour=pale if scene.rng.random() < 0.7 else scene.trim.colour)
    top = curve((6.8, upper + 0.5), (20, upper + 2), (50, upper + 1.6), (78, upper - 0.5), (94, upper - 2.8))
    bottom = curve((95, FLOOR - 4), (88, FLOOR), (50, FLOOR), (22, FLOOR), (10, FLOOR - 1.2), (6.4, upper + 1.5))
    canvas.add(outline(top, bottom), surface=midsole, thick=3.2, lift=0.4)
    line = curve(
        (7, FLOOR - 0.42 * sole), (20, FLOOR - 0.3 * sole), (50, FLOOR - 0.3 * sole), (94.5, FLOOR - 0.42 * sole)
    )
    if sole > 8:
        canvas.add_seam(line, 0.5, 0.9)
        for x in np.arange(52, 90, 6.5):
            canvas.tint(
                ribbon(curve((x, FLOOR - 0.4 * sole), (x + 3, FLOOR - 0.75 * sole)), 1.4),
                colour=scene.trim.colour * 0.6,
                strength=0.7,
            )
    tread = outline(
        curve((8.5, FLOOR - 2.4), (50, FLOOR - 1.7), (94, FLOOR - 2.6)),
        curve((91, FLOOR), (50, FLOOR), (11, FLOOR - 0.6)),
    )
    canvas.add(tread, surface=replace(scene.sole, colour=scene.trim.colour * np.float32(0.8)), thick=1.5)
