"""Sandals, in profile, the toe to the left."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from catalog.demo.colours import linear
from catalog.demo.paths import at, curve, ellipse, outline, ribbon
from catalog.demo.scene import Scene

FLOOR = 80.0
Foot = Callable[[float, float], tuple[float, float]]


def sandal(scene: Scene) -> float:
    """Draw straps over an invisible foot: `foot` maps x and a share of its height there to a point on its near side."""
    lift = scene.sample("heel", flat=(0, 1.2), wedge=(13, 19), platform=(6, 9))
    front = {"flat": 2.4, "wedge": 4.5, "platform": 7.5}[scene.attributes["heel"]] + scene.uniform(0, 1)
    bed = curve(
        (6, FLOOR - front - 0.6),
        (14, FLOOR - front),
        (32, FLOOR - front),
        (56, FLOOR - front - 0.55 * lift),
        (76, FLOOR - front - lift),
        (93, FLOOR - front - lift - 1),
    )
    instep = curve((6, 10), (16, 13), (30, 15), (46, 17.5), (60, 22), (76, 25), (93, 26))

    def foot(x: float, share: float) -> tuple[float, float]:
        base = np.interp(x, bed[:, 0], bed[:, 1])
        high = np.interp(x, instep[:, 0], instep[:, 1])
        return x + 1.5 * share * share, base - high * share

    STRAPS[scene.attributes["strap"]](scene, foot, bed)
    return FLOOR


def _band(scene: Scene, foot: Foot, x0: float, x1: float, lean: float = 2.6) -> None:
    """Draw a strap over the foot from x0 to x1, with the inside of its far half behind it."""
    near = curve(
        foot(x0 + 0.6, -0.02),
        foot(x0, 0.45),
        foot(x0 + 0.2 * lean, 0.82),
        foot(x0 + lean, 0.99),
        foot(0.5 * (x0 + x1), 1.06),
        foot(x1 - 0.5 * lean, 1.0),
        foot(x1 + 0.6, 0.6),
        foot(x1, -0.02),
    )
    inside = replace(scene.lining, colour=scene.lining.colour * np.float32(0.5))
    scene.canvas.add(near + [2.6, -1.6], surface=inside, thick=3)
    scene.canvas.add(near, surface=scene.body, thick=5, lift=0.4)


def _lean(scene: Scene, foot: Foot, low: float, high: float, width: float) -> None:
    """Draw one strap of a cross, from the sole at x = low to the top of the foot at x = high."""
    line = curve(foot(low, -0.02), foot(low + 0.3 * (high - low), 0.5), foot(high, 1.0))
    inside = replace(scene.lining, colour=scene.lining.colour * np.float32(0.5))
    scene.canvas.add(ribbon(line + [3.4, -1.2], width), surface=inside, thick=2)
    scene.canvas.add(ribbon(line, width * 1.1, width), surface=scene.body, thick=3, lift=0.5)


def _ankle(scene: Scene, foot: Foot, x: float = 64) -> None:
    canvas = scene.canvas
    back, front = foot(91, 0.93), foot(x, 1.03)
    heel = curve(foot(84, 0.0), foot(87, 0.4), foot(89.5, 0.98))
    band = curve((back[0] + 0.5, back[1]), ((back[0] + front[0]) / 2, (back[1] + front[1]) / 2 + 2.2), front)
    far = curve(front, ((back[0] + front[0]) / 2, (back[1] + front[1]) / 2 - 4.4), (back[0] + 0.5, back[1]))
    inside = replace(scene.lining, colour=scene.lining.colour * np.float32(0.55))
    canvas.add(ribbon(far, 2.6), surface=inside, thick=1.5)
    canvas.add(ribbon(heel, 4.2, 3.4), surface=scene.body, thick=2.4, lift=0.4)
    canvas.add(ribbon(band, 3.0), surface=scene.body, thick=2, lift=0.6)
    bx, by = at(band, 0.5)
    canvas.add(ellipse(bx, by, 2.3, 2.3), surface=scene.metal, thick=1.2, lift=0.3)
    canvas.add(ellipse(bx, by, 1.2, 1.2), surface=scene.body, thick=1)


def _crossed(scene: Scene, foot: Foot, bed: np.ndarray) -> None:
    width = scene.uniform(6, 8.5)
    _lean(scene, foot, 50, 36, width)
    _lean(scene, foot, 19, 37, width)
    _ankle(scene, foot)
    _sole(scene, bed)


def _bands(scene: Scene, foot: Foot, bed: np.ndarray) -> None:
    width = scene.uniform(13, 17)
    for x in (36.0, 17.0):
        _band(scene, foot, x, x + width)
        px, py = foot(x + 0.55 * width, 0.5)
        scene.canvas.add(ellipse(px, py, 3.0, 3.0), surface=scene.metal, thick=1.2, lift=0.4)
        scene.canvas.add(ellipse(px, py, 1.7, 1.7), surface=scene.body, thick=1)
    _sole(scene, bed)


def _gladiator(scene: Scene, foot: Foot, bed: np.ndarray) -> None:
    width = scene.uniform(3.8, 5)
    for x in (48.0, 37.0, 26.5, 17.0):
        _band(scene, foot, x, x + width, lean=1.2)
    spine = curve(foot(19, 1.0), foot(32, 1.02), foot(44, 1.02), foot(54, 1.05), foot(64, 1.1))
    scene.canvas.add(ribbon(spine, 3.2), surface=scene.body, thick=1.8, lift=0.4)
    _ankle(scene, foot, 62)
    _sole(scene, bed)


def _thong(scene: Scene, foot: Foot, bed: np.ndarray) -> None:
    post = foot(22, 0.75)
    strap = replace(scene.body, material=scene.attributes["material"])
    far = curve(post, (38, foot(38, 0.85)[1]), (54, foot(56, 0.2)[1]))
    inside = replace(scene.lining, colour=scene.lining.colour * np.float32(0.55))
    scene.canvas.add(ribbon(far, 2.5, 4), surface=inside, thick=1.5)
    scene.canvas.add(ribbon(curve(foot(19, 0), foot(20, 0.4), post), 2.2), surface=strap, thick=1.5)
    near = curve(post, foot(32, 0.78), foot(44, 0.36), foot(52, -0.02))
    scene.canvas.add(ribbon(near, 2.8, 4.6, 5.4), surface=strap, thick=2.2, lift=0.7)
    x, y = post
    scene.canvas.add(ellipse(x + 0.6, y, 2.2, 1.8), surface=scene.trim, thick=1.5, lift=0.3)
    _sole(scene, bed)


def _sole(scene: Scene, bed: np.ndarray) -> None:
    canvas = scene.canvas
    under = curve((94, FLOOR - 1.5), (90, FLOOR), (50, FLOOR), (16, FLOOR), (8, FLOOR - 0.8))
    if scene.attributes["heel"] == "flat":
        side = scene.sole
    else:
        side = (
            replace(scene.sole, material="straw", colour=linear(0.52, 0.36, 0.19))
            if scene.rng.random() < 0.6
            else scene.trim
        )
    canvas.add(outline(bed, under), surface=side, thick=4, lift=0.5)
    canvas.add(
        ribbon(bed + [0, 0.3], 2.0),
        surface=scene.plain if scene.rng.random() < 0.4 else scene.lining,
        thick=1,
        lift=0.3,
    )
    if scene.attributes["heel"] != "flat":
        canvas.add(
            outline(curve((8, FLOOR - 1.8), (50, FLOOR - 1.4), (94, FLOOR - 1.8)), under), surface=scene.sole, thick=1.2
        )


STRAPS = {"crossed": _crossed, "bands": _bands, "gladiator": _gladiator, "thong": _thong}
