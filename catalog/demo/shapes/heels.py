"""Pumps, in profile, the toe to the left."""

from dataclasses import replace

import numpy as np

from catalog.demo.look import Look
from catalog.demo.paths import at, curve, ellipse, outline, part_of, ribbon

FLOOR = 82.0


def pump(look: Look) -> float:
    studio = look.studio
    lift = look.amount("heel", kitten=(9, 13), mid=(17, 22), high=(27, 33))
    back = 90 - 0.22 * lift
    seat = FLOOR - lift
    toe = 7 + 0.12 * lift
    pointed = look.words["toe"] == "pointed"
    counter = seat - look.vary(17, 20)
    vamp = (toe + look.vary(25, 30), FLOOR - 14 - 0.12 * lift)

    # The sole, from the toe over the ball and up the arch to the heel.
    under = curve(
        (toe, FLOOR - (3.2 if pointed else 4.0)),
        (toe + 9, FLOOR - 0.9),
        (toe + 24, FLOOR - 0.8),
        (toe + 40, FLOOR - 3 - 0.24 * lift),
        (back - 20, seat + 3 + 0.06 * lift),
        (back - 8, seat + 1),
        (back, seat),
    )
    heel_back = curve((back, seat), (back + 1.4, seat - 7), (back - 0.8, counter))
    edge = curve(
        (back - 0.8, counter),
        (back - 12, counter + 7 + 0.05 * lift),
        (back - 30, seat - 4 + 0.25 * lift),
        (vamp[0] + 8, vamp[1] + 2.6 - 0.13 * lift),
        vamp,
    )
    far = curve(
        (back - 0.8, counter),
        (back - 12, counter + 2.5),
        (back - 30, seat - 9.5 + 0.25 * lift),
        (vamp[0] + 8, vamp[1] - 2),
        vamp,
    )
    if pointed:
        toe_top = curve(vamp, (vamp[0] - 9, vamp[1] + 3.6), (toe + 8, FLOOR - 6.4), (toe, FLOOR - 3.2))
    else:
        toe_top = curve(
            vamp, (vamp[0] - 9, vamp[1] + 2), (toe + 8, FLOOR - 10.5), (toe + 1.4, FLOOR - 7.5), (toe, FLOOR - 4)
        )

    _heel(look, back, seat, lift)
    studio.part(outline(edge, far[::-1]), surface=look.lining, thick=3)
    studio.tint(outline(edge, far[::-1]), colour=np.float32([0.35, 0.3, 0.26]), strength=0.55)
    studio.part(outline(under, heel_back, edge, toe_top), surface=look.body, thick=9)
    studio.part(ribbon(part_of(under, 0.0, 0.99), 0.8, 1.7, 1.5, 1.4, 1.2), surface=look.sole, thick=1)
    studio.tint(ribbon(edge + [0, 0.9], 0.5), colour=look.plain.colour * 0.4, strength=0.5)
    _strap(look, back, counter, vamp)
    return FLOOR


def _heel(look: Look, back: float, seat: float, lift: float) -> None:
    if look.words["shape"] == "stiletto":
        wide, tip = look.vary(9, 12), look.vary(1.6, 2.4)
    else:
        wide, tip = look.vary(13, 15), look.vary(8, 11)
    foot = back - look.vary(0.5, 2.5)
    shape = outline(
        curve((back + 0.3, seat - 1), (back - 0.2, seat + 0.25 * lift), (foot, FLOOR - 1.2)),
        curve(
            (foot - tip, FLOOR - 1.2),
            (foot - tip - 0.18 * (wide - tip), seat + 0.45 * lift),
            (back - wide, seat + 2.4),
            (back - wide - 3, seat + 1.2),
        ),
    )
    look.studio.part(shape, surface=look.plain, thick=5)
    cap = [(foot + 0.2, FLOOR - 1.4), (foot + 0.1, FLOOR), (foot - tip - 0.1, FLOOR), (foot - tip, FLOOR - 1.4)]
    look.studio.part(outline(cap), surface=look.sole, thick=1)


def _strap(look: Look, back: float, counter: float, vamp: tuple[float, float]) -> None:
    strap = look.words["strap"]
    if strap == "none":
        return
    front = (back - look.vary(19, 22), counter - look.vary(8, 10))
    band = curve((back - 0.4, counter - 5), (back - 10, counter - 4.6), front)
    far = curve(front, (back - 10, counter - 11), (back - 0.4, counter - 5))
    studio = look.studio
    studio.part(ribbon(far, 2.0), surface=replace(look.lining, colour=look.lining.colour * np.float32(0.6)), thick=1.5)
    post = curve((back - 0.8, counter + 1.5), (back - 0.9, counter - 2), (back - 0.4, counter - 5.6))
    studio.part(ribbon(post, 3.0, 2.4), surface=look.plain, thick=2)
    if strap == "t-bar":
        bar = curve(vamp, (0.45 * vamp[0] + 0.55 * front[0] - 1.5, 0.45 * vamp[1] + 0.55 * front[1] - 1.0), front)
        studio.part(ribbon(bar, 5, 2.8, 2.6), surface=look.plain, thick=2, lift=0.6)
    studio.part(ribbon(band, 2.7), surface=look.plain, thick=1.6, lift=0.8)
    x, y = at(band, 0.55)
    studio.part(ellipse(x, y, 1.9, 1.9), surface=look.metal, thick=1)
    studio.part(ellipse(x, y, 0.9, 0.9), surface=look.plain, thick=1)
