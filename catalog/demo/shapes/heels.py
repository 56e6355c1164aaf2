"""Pumps, in profile, the toe to the left."""

from dataclasses import replace

import numpy as np

from catalog.demo.colours import linear
from catalog.demo.paths import at, curve, ellipse, outline, part_of, ribbon
from catalog.demo.scene import Scene

FLOOR = 82.0


def pump(scene: Scene) -> float:
    canvas = scene.canvas
    lift = scene.sample("heel", kitten=(9, 13), mid=(17, 22), high=(27, 33))
    back = 90 - 0.22 * lift
    seat = FLOOR - lift
    toe = 7 + 0.12 * lift
    pointed = scene.attributes["toe"] == "pointed"
    counter = seat - scene.uniform(17, 20)
    vamp = (toe + scene.uniform(25, 30), FLOOR - 14 - 0.12 * lift)

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

    _heel(scene, back, seat, lift)
    canvas.add(outline(edge, far[::-1]), surface=scene.lining, thick=3)
    canvas.tint(outline(edge, far[::-1]), colour=linear(0.35, 0.3, 0.26), strength=0.55)
    canvas.add(outline(under, heel_back, edge, toe_top), surface=scene.body, thick=9)
    canvas.add(ribbon(part_of(under, 0.0, 0.99), 0.8, 1.7, 1.5, 1.4, 1.2), surface=scene.sole, thick=1)
    canvas.tint(ribbon(edge + [0, 0.9], 0.5), colour=scene.plain.colour * 0.4, strength=0.5)
    _strap(scene, back, counter, vamp)
    return FLOOR


def _heel(scene: Scene, back: float, seat: float, lift: float) -> None:
    if scene.attributes["shape"] == "stiletto":
        wide, tip = scene.uniform(9, 12), scene.uniform(1.6, 2.4)
    else:
        wide, tip = scene.uniform(13, 15), scene.uniform(8, 11)
    foot = back - scene.uniform(0.5, 2.5)
    shape = outline(
        curve((back + 0.3, seat - 1), (back - 0.2, seat + 0.25 * lift), (foot, FLOOR - 1.2)),
        curve(
            (foot - tip, FLOOR - 1.2),
            (foot - tip - 0.18 * (wide - tip), seat + 0.45 * lift),
            (back - wide, seat + 2.4),
            (back - wide - 3, seat + 1.2),
        ),
    )
    scene.canvas.add(shape, surface=scene.plain, thick=5)
    cap = [(foot + 0.2, FLOOR - 1.4), (foot + 0.1, FLOOR), (foot - tip - 0.1, FLOOR), (foot - tip, FLOOR - 1.4)]
    scene.canvas.add(outline(cap), surface=scene.sole, thick=1)


def _strap(scene: Scene, back: float, counter: float, vamp: tuple[float, float]) -> None:
    strap = scene.attributes["strap"]
    if strap == "none":
        return
    front = (back - scene.uniform(19, 22), counter - scene.uniform(8, 10))
    band = curve((back - 0.4, counter - 5), (back - 10, counter - 4.6), front)
    far = curve(front, (back - 10, counter - 11), (back - 0.4, counter - 5))
    canvas = scene.canvas
    canvas.add(ribbon(far, 2.0), surface=replace(scene.lining, colour=scene.lining.colour * np.float32(0.6)), thick=1.5)
    post = curve((back - 0.8, counter + 1.5), (back - 0.9, counter - 2), (back - 0.4, counter - 5.6))
    canvas.add(ribbon(post, 3.0, 2.4), surface=scene.plain, thick=2)
    if strap == "t-bar":
        bar = curve(vamp, (0.45 * vamp[0] + 0.55 * front[0] - 1.5, 0.45 * vamp[1] + 0.55 * front[1] - 1.0), front)
        canvas.add(ribbon(bar, 5, 2.8, 2.6), surface=scene.plain, thick=2, lift=0.6)
    canvas.add(ribbon(band, 2.7), surface=scene.plain, thick=1.6, lift=0.8)
    x, y = at(band, 0.55)
    canvas.add(ellipse(x, y, 1.9, 1.9), surface=scene.metal, thick=1)
    canvas.add(ellipse(x, y, 0.9, 0.9), surface=scene.plain, thick=1)
