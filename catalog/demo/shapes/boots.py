"""Ankle boots and high boots, in profile, the toe to the left."""

from dataclasses import dataclass, replace

import numpy as np

from catalog.demo.look import Look
from catalog.demo.paths import at, between, curve, ellipse, outline, part_of, ribbon

FLOOR = 92.0


@dataclass(frozen=True)
class Shaft:
    """The lines that closures are sewn along: front and back from top to ankle, and the rim between them."""

    front: np.ndarray
    back: np.ndarray
    rim: np.ndarray


def ankle_boot(look: Look) -> float:
    lift = look.amount("heel", flat=(3.5, 4.5), block=(9, 13), cuban=(7, 10))
    shaft = _boot(look, 8, 88, look.vary(31, 39), lift, look.words["toe"] == "pointed")
    closure = look.words["closure"]
    if closure == "laces":
        _laces(look, shaft)
    elif closure == "zip":
        _zip(look, part_of(between(shaft.front, shaft.back, 0.55), 0.03, 1.0))
    elif closure == "elastic":
        _gusset(look, shaft)
    else:
        _buckle(look, shaft, 0.72)
    return FLOOR


def high_boot(look: Look) -> float:
    top = look.amount("shaft", calf=(33, 37), knee=(15, 20), overknee=(3, 5))
    lift = look.amount("heel", flat=(3, 4), block=(7, 11), stiletto=(11, 15))
    shaft = _boot(look, 22, 77, top, lift, look.words["heel"] == "stiletto" or look.rng.random() < 0.3)
    closure = look.words["closure"]
    if closure == "zip":
        _zip(look, part_of(between(shaft.front, shaft.back, 0.5), 0.02, 1.0))
    elif closure == "buckle":
        _buckle(look, shaft, 0.88)
        _buckle(look, shaft, 0.1)
    else:
        look.studio.seam(between(shaft.front, shaft.back, 0.62), 0.35)
    return FLOOR


def _boot(look: Look, toe: float, heel: float, top: float, lift: float, pointed: bool) -> Shaft:
    """The boot itself; toe, heel: x of its ends."""
    studio = look.studio
    size = (heel - toe) / 80
    sole = 2.0 if lift > 5 else look.vary(2.2, 4.5)
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
    flare = look.vary(-1, 2.5) + 0.07 * rise
    calf = look.vary(0.06, 0.1) * rise
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
    dip = look.vary(0.5, 2.5)
    middle = (front[0][0] + back[0][0]) / 2
    rim = curve(front[0], (middle, top + dip + 1.2), back[0])
    far = curve(front[0], (middle, top - 3.2), back[0])

    _heel(look, heel, seat, lift, size)
    studio.part(outline(rim, far[::-1]), surface=look.lining, thick=3)
    studio.tint(outline(rim, far[::-1]), colour=np.float32([0.22, 0.2, 0.18]), strength=0.7)
    body = replace(look.body, folds=1.2 if look.words["material"] in ("suede", "leather") else 0.5)
    studio.part(outline(under, back[::-1], rim[::-1], front, nose[::-1]), surface=body, thick=15)
    studio.seam(rim + [0, 1.8], 0.3, 0.5)
    counter = curve(
        at(back, 0.86 if rise < 20 else 0.93),
        (heel - 11 * size, seat - 12 * size),
        (heel - 18 * size, seat + 0.5),
    )
    studio.seam(counter, 0.45)
    if look.rng.random() < 0.45 and not pointed:
        studio.seam(curve((x(17), ground - 18 * size), (x(20), ground - 9 * size), (x(19), ground - 0.5)), 0.5)
    _creases(look, x(36), ankle + 6 * size, size)
    welt = ribbon(
        curve((x(-1.5), ground - 0.4), *map(tuple, under[6:]), (heel + 0.6, seat)) + [0, sole / 2 - 0.4], sole + 0.8
    )
    studio.part(welt, surface=look.sole, thick=1.4, lift=0.3)
    return Shaft(front[: int(0.78 * len(front))], part_of(back, 0, 0.7), rim)


def _heel(look: Look, heel: float, seat: float, lift: float, size: float) -> None:
    kind = look.words["heel"]
    wide = {"stiletto": 8.5, "cuban": 19}.get(kind, 20) * size
    tip = {"stiletto": 1.8, "cuban": 13 * size, "block": 17 * size}.get(kind, 20 * size)
    foot = heel - (1.5 if kind == "cuban" else 0.4)
    shape = outline(
        curve((heel + 0.4, seat), (heel - 0.6, seat + 0.5 * lift), (foot, FLOOR)),
        curve((foot - tip, FLOOR), (foot - tip - 0.3 * (wide - tip), seat + 0.55 * lift), (heel - wide, seat)),
    )
    stacked = kind in ("cuban", "flat")
    look.studio.part(shape, surface=look.sole if stacked else look.plain, thick=4)
    if kind == "cuban":
        for share in (0.45, 0.65, 0.85):
            y = seat + 2 + share * (lift - 1)
            look.studio.seam(curve((heel - wide, y), (heel, y)), 0.35, 0.4)


def _creases(look: Look, x: float, y: float, size: float) -> None:
    for _ in range(int(look.rng.integers(1, 4))):
        y += look.vary(1.5, 4) * size
        x -= look.vary(0, 2) * size
        bend = curve((x, y), (x + 7 * size, y + 3.2 * size), (x + look.vary(12, 20) * size, y + 2.6 * size))
        look.studio.seam(bend, 0.22, 0.9)


def _laces(look: Look, shaft: Shaft) -> None:
    studio = look.studio
    stay = shaft.front + [7.5, 1.5]
    studio.part(outline(shaft.front + [0.5, 0.8], stay[::-1]), surface=look.plain, thick=3, lift=0.3)
    lace = replace(look.trim, material="cotton")
    for share in np.linspace(0.06, 0.98, 7):
        x, y = at(shaft.front, share)
        studio.part(
            ribbon(curve((x - 0.8, y - 0.8), (x + 2.5, y + 0.4), (x + 5.8, y + 3)), 1.6),
            surface=lace,
            thick=1,
            lift=0.5,
        )
        studio.part(ellipse(x + 5.9, y + 3, 0.8, 0.8), surface=look.metal, thick=0.6)


def _zip(look: Look, line: np.ndarray) -> None:
    studio = look.studio
    studio.part(ribbon(line, 2.6), surface=replace(look.lining, colour=look.plain.colour * np.float32(0.35)), thick=1)
    studio.part(ribbon(line, 1.0), surface=look.metal, thick=0.6)
    x, y = line[0]
    studio.part(
        outline([(x - 0.9, y), (x + 0.9, y), (x + 1.2, y + 4.5), (x - 1.2, y + 4.5)]),
        surface=look.metal,
        thick=0.8,
        lift=0.5,
    )


def _gusset(look: Look, shaft: Shaft) -> None:
    studio = look.studio
    left, right = between(shaft.front, shaft.back, 0.38), between(shaft.front, shaft.back, 0.72)
    shape = outline(
        part_of(left, 0.02, 0.6),
        curve(at(left, 0.6), at(between(left, right, 0.5), 0.95), at(right, 0.6)),
        part_of(right, 0.6, 0.02),
    )
    studio.part(shape, surface=replace(look.trim, material="knit"), thick=2)
    for share in np.linspace(0.1, 0.9, 9):
        studio.seam(part_of(between(left, right, share), 0.03, 0.6), 0.35, 0.4)
    loop = ribbon(
        curve(
            shaft.back[0] + [-1, 3],
            shaft.back[0] + [-0.8, -3],
            shaft.back[0] + [0.4, -3],
            shaft.back[0] + [0.6, 3],
        ),
        1.2,
    )
    studio.part(loop, surface=look.trim, thick=1)


def _buckle(look: Look, shaft: Shaft, share: float) -> None:
    studio = look.studio
    (x0, y0), (x1, y1) = at(shaft.front, share), at(shaft.back, share)
    band = curve((x0 - 0.8, y0 + 0.5), ((x0 + x1) / 2, (y0 + y1) / 2 + 2.5), (x1 + 0.6, y1))
    studio.part(ribbon(band, 4.2), surface=replace(look.trim, material="leather"), thick=2, lift=0.6)
    x, y = at(band, 0.55)
    frame = ellipse(x, y, 3.4, 3.1)
    studio.part(frame, surface=look.metal, thick=1, lift=0.4)
    studio.part(ellipse(x, y, 2.1, 1.9), surface=look.trim, thick=1)
    studio.part(ribbon(curve((x - 2.4, y), (x + 2.6, y)), 0.9), surface=look.metal, thick=0.6)
