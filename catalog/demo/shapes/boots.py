"""Ankle boots and high boots, in profile, the toe to the left."""

from dataclasses import dataclass, replace

import numpy as np

from catalog.demo.colours import linear
from catalog.demo.paths import at, between, curve, ellipse, outline, part_of, ribbon
from catalog.demo.scene import Scene

FLOOR = 92.0


@dataclass(frozen=True)
class Shaft:
    """Lines that closures are sewn along: front and back from top to ankle, and the rim between them."""

    front: np.ndarray
    back: np.ndarray
    rim: np.ndarray


def ankle_boot(scene: Scene) -> float:
    lift = scene.sample("heel", flat=(3.5, 4.5), block=(9, 13), cuban=(7, 10))
    shaft = _boot(scene, 8, 88, scene.uniform(31, 39), lift, scene.attributes["toe"] == "pointed")
    closure = scene.attributes["closure"]
    if closure == "laces":
        _laces(scene, shaft)
    elif closure == "zip":
        _zip(scene, part_of(between(shaft.front, shaft.back, 0.55), 0.03, 1.0))
    elif closure == "elastic":
        _gusset(scene, shaft)
    else:
        _buckle(scene, shaft, 0.72)
    return FLOOR


def high_boot(scene: Scene) -> float:
    top = scene.sample("shaft", calf=(33, 37), knee=(15, 20), overknee=(3, 5))
    lift = scene.sample("heel", flat=(3, 4), block=(7, 11), stiletto=(11, 15))
    shaft = _boot(scene, 22, 77, top, lift, scene.attributes["heel"] == "stiletto" or scene.rng.random() < 0.3)
    closure = scene.attributes["closure"]
    if closure == "zip":
        _zip(scene, part_of(between(shaft.front, shaft.back, 0.5), 0.02, 1.0))
    elif closure == "buckle":
        _buckle(scene, shaft, 0.88)
        _buckle(scene, shaft, 0.1)
    else:
        scene.canvas.add_seam(between(shaft.front, shaft.back, 0.62), 0.35)
    return FLOOR


def _boot(scene: Scene, toe: float, heel: float, top: float, lift: float, pointed: bool) -> Shaft:
    """Draw the boot without its heel. toe, heel: x of its ends."""
    canvas = scene.canvas
    size = (heel - toe) / 80
    sole = 2.0 if lift > 5 else scene.uniform(2.2, 4.5)
    ground, seat = FLOOR - sole, FLOOR - lift - sole
    ankle = FLOOR - 0.55 * lift - 34 * size
    front_x, back_x = toe + 43 * size, heel - 4.5 * size
    rise = max(0.0, ankle - top)

    def x(units: float) -> float:
        return toe + units * size

    under = curve(
        (x(0.5), ground - 1),
        (x(10), ground),
        (x(30), ground),
        (x(48), ground - 0.35 * (ground - seat)),
        (x(62), seat + 0.6),
        (heel, seat),
    )
    if pointed:
        nose = curve(
            (x(-2), ground - 2.2), (x(7), ground - 9.5 * size), (x(18), ground - 15 * size), (x(30), ground - 21 * size)
        )
    else:
        nose = curve(
            (x(0.5), ground - 1),
            (x(0), ground - 9 * size),
            (x(6), ground - 15.5 * size),
            (x(17), ground - 18 * size),
            (x(30), ground - 22 * size),
        )
    flare = scene.uniform(-1, 2.5) + 0.07 * rise
    calf = scene.uniform(0.06, 0.1) * rise
    front = curve(
        (front_x - flare - 0.4 * calf, top),
        (front_x - 0.6 * calf - 0.5 * flare, top + 0.4 * (ankle - top)),
        (front_x - 0.6, ankle - 1),
        (x(39), ankle + 7 * size),
        (x(30), ground - (21 if pointed else 22) * size),
    )
    back = curve(
        (back_x + flare, top + 0.8),
        (back_x + 1.2 * calf, top + 0.35 * (ankle - top)),
        (back_x - 0.5, ankle),
        (heel - 3.2 * size, ankle + 9 * size),
        (heel - 0.2, seat - 9 * size),
        (heel, seat),
    )
    dip = scene.uniform(0.5, 2.5)
    middle = (front[0][0] + back[0][0]) / 2
    rim = curve(front[0], (middle, top + dip + 1.2), back[0])
    far = curve(front[0], (middle, top - 3.2), back[0])

    _heel(scene, heel, seat, lift, size)
    canvas.add(outline(rim, far[::-1]), surface=scene.lining, thick=3)
    canvas.tint(outline(rim, far[::-1]), colour=linear(0.22, 0.2, 0.18), strength=0.7)
    body = replace(scene.body, folds=1.2 if scene.attributes["material"] in ("suede", "leather") else 0.5)
    canvas.add(outline(under, back[::-1], rim[::-1], front, nose[::-1]), surface=body, thick=15)
    canvas.add_seam(rim + [0, 1.8], 0.3, 0.5)
    counter = curve(
        at(back, 0.86 if rise < 20 else 0.93),
        (heel - 11 * size, seat - 12 * size),
        (heel - 18 * size, seat + 0.5),
    )
    canvas.add_seam(counter, 0.45)
    if scene.rng.random() < 0.45 and not pointed:
        canvas.add_seam(curve((x(17), ground - 18 * size), (x(20), ground - 9 * size), (x(19), ground - 0.5)), 0.5)
    _creases(scene, x(36), ankle + 6 * size, size)
    welt = ribbon(
        curve((x(-1.5), ground - 0.4), *map(tuple, under[6:]), (heel + 0.6, seat)) + [0, sole / 2 - 0.4], sole + 0.8
    )
    canvas.add(welt, surface=scene.sole, thick=1.4, lift=0.3)
    return Shaft(front[: int(0.78 * len(front))], part_of(back, 0, 0.7), rim)


def _heel(scene: Scene, heel: float, seat: float, lift: float, size: float) -> None:
    kind = scene.attributes["heel"]
    wide = {"stiletto": 8.5, "cuban": 19}.get(kind, 20) * size
    tip = {"stiletto": 1.8, "cuban": 13 * size, "block": 17 * size}.get(kind, 20 * size)
    foot = heel - (1.5 if kind == "cuban" else 0.4)
    shape = outline(
        curve((heel + 0.4, seat), (heel - 0.6, seat + 0.5 * lift), (foot, FLOOR)),
        curve((foot - tip, FLOOR), (foot - tip - 0.3 * (wide - tip), seat + 0.55 * lift), (heel - wide, seat)),
    )
    stacked = kind in ("cuban", "flat")
    scene.canvas.add(shape, surface=scene.sole if stacked else scene.plain, thick=4)
    if kind == "cuban":
        for share in (0.45, 0.65, 0.85):
            y = seat + 2 + share * (lift - 1)
            scene.canvas.add_seam(curve((heel - wide, y), (heel, y)), 0.35, 0.4)


def _creases(scene: Scene, x: float, y: float, size: float) -> None:
    for _ in range(int(scene.rng.integers(1, 4))):
        y += scene.uniform(1.5, 4) * size
        x -= scene.uniform(0, 2) * size
        bend = curve((x, y), (x + 7 * size, y + 3.2 * size), (x + scene.uniform(12, 20) * size, y + 2.6 * size))
        scene.canvas.add_seam(bend, 0.22, 0.9)


def _laces(scene: Scene, shaft: Shaft) -> None:
    canvas = scene.canvas
    stay = shaft.front + [7.5, 1.5]
    canvas.add(outline(shaft.front + [0.5, 0.8], stay[::-1]), surface=scene.plain, thick=3, lift=0.3)
    lace = replace(scene.trim, material="cotton")
    for share in np.linspace(0.06, 0.98, 7):
        x, y = at(shaft.front, share)
        canvas.add(
            ribbon(curve((x - 0.8, y - 0.8), (x + 2.5, y + 0.4), (x + 5.8, y + 3)), 1.6),
            surface=lace,
            thick=1,
            lift=0.5,
        )
        canvas.add(ellipse(x + 5.9, y + 3, 0.8, 0.8), surface=scene.metal, thick=0.6)


def _zip(scene: Scene, line: np.ndarray) -> None:
    canvas = scene.canvas
    canvas.add(ribbon(line, 2.6), surface=replace(scene.lining, colour=scene.plain.colour * np.float32(0.35)), thick=1)
    canvas.add(ribbon(line, 1.0), surface=scene.metal, thick=0.6)
    x, y = line[0]
    canvas.add(
        outline([(x - 0.9, y), (x + 0.9, y), (x + 1.2, y + 4.5), (x - 1.2, y + 4.5)]),
        surface=scene.metal,
        thick=0.8,
        lift=0.5,
    )


def _gusset(scene: Scene, shaft: Shaft) -> None:
    canvas = scene.canvas
    left, right = between(shaft.front, shaft.back, 0.38), between(shaft.front, shaft.back, 0.72)
    shape = outline(
        part_of(left, 0.02, 0.6),
        curve(at(left, 0.6), at(between(left, right, 0.5), 0.95), at(right, 0.6)),
        part_of(right, 0.6, 0.02),
    )
    canvas.add(shape, surface=replace(scene.trim, material="knit"), thick=2)
    for share in np.linspace(0.1, 0.9, 9):
        canvas.add_seam(part_of(between(left, right, share), 0.03, 0.6), 0.35, 0.4)
    loop = ribbon(
        curve(
            shaft.back[0] + [-1, 3],
            shaft.back[0] + [-0.8, -3],
            shaft.back[0] + [0.4, -3],
            shaft.back[0] + [0.6, 3],
        ),
        1.2,
    )
    canvas.add(loop, surface=scene.trim, thick=1)


def _buckle(scene: Scene, shaft: Shaft, share: float) -> None:
    canvas = scene.canvas
    (x0, y0), (x1, y1) = at(shaft.front, share), at(shaft.back, share)
    band = curve((x0 - 0.8, y0 + 0.5), ((x0 + x1) / 2, (y0 + y1) / 2 + 2.5), (x1 + 0.6, y1))
    canvas.add(ribbon(band, 4.2), surface=replace(scene.trim, material="leather"), thick=2, lift=0.6)
    x, y = at(band, 0.55)
    frame = ellipse(x, y, 3.4, 3.1)
    canvas.add(frame, surface=scene.metal, thick=1, lift=0.4)
    canvas.add(ellipse(x, y, 2.1, 1.9), surface=scene.trim, thick=1)
    canvas.add(ribbon(curve((x - 2.4, y), (x + 2.6, y)), 0.9), surface=scene.metal, thick=0.6)
