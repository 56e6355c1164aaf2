"""Hats, from the front and a little above; the cap from its side."""

from dataclasses import replace

import numpy as np

from catalog.demo.paths import at, between, curve, ellipse, loop, outline
from catalog.demo.scene import Scene

FLOOR = 76.0


def hat(scene: Scene) -> float:
    return HAT_SHAPES[scene.attributes["shape"]](scene)


def _cap(scene: Scene) -> float:
    canvas = scene.canvas
    high, rim = scene.uniform(30, 36), FLOOR - 3
    front, back = scene.uniform(31, 34), scene.uniform(86, 89)
    crown = curve(
        (back, rim),
        (back + 0.6, rim - 0.5 * high),
        (back - 12, rim - 0.9 * high),
        (60, rim - high - 1.5),
        (front + 10, rim - 0.86 * high),
        (front + 1, rim - 0.45 * high),
        (front, rim - 1.5),
    )
    base = curve((front, rim - 1.5), (58, rim + 4.5), (back, rim))
    length = scene.uniform(22, 27)
    under = outline(
        curve((front, rim - 1.5), (front - length, rim + 3.4), (front - length - 2, rim + 6)),
        curve((front - length - 2, rim + 6), (front, rim + 7), (54, rim + 4.4)),
    )
    canvas.add(under, surface=replace(scene.plain, colour=scene.plain.colour * np.float32(0.45)), thick=2)
    canvas.add(outline(crown, base), surface=scene.body, thick=24)
    for share in (0.33, 0.62):
        foot = at(base, share)
        canvas.add_seam(curve((60, rim - high - 1.2), (60 + (foot[0] - 60) * 0.75, rim - 0.6 * high), foot), 0.4, 0.6)
        hole = 0.45 * foot + 0.55 * np.array([60, rim - high + 5]) + [4, 0]
        canvas.add(ellipse(hole[0], hole[1], 1.0, 1.0), surface=scene.trim, thick=0.8)
    bill = outline(
        curve((front - 1.5, rim - 3), (front - 0.55 * length, rim - 3.5), (front - length - 2, rim + 4.6)),
        curve((front - length - 2, rim + 6), (front - 0.2 * length, rim + 2.6), (front + 18, rim + 4.2)),
        curve((front + 18, rim + 3.2), (front + 6, rim), (front - 1.5, rim - 3)),
    )
    canvas.add(bill, surface=scene.trim if scene.rng.random() < 0.5 else scene.plain, thick=5, lift=0.8)
    canvas.add(ellipse(60, rim - high - 1.6, 2.6, 1.6), surface=scene.trim, thick=1.4, lift=0.3)
    if scene.rng.random() < 0.5:
        x, y, size = front + 12, rim - 0.48 * high, scene.uniform(4.5, 6)
        canvas.add(ellipse(x, y, 0.8 * size, size, 0.2), surface=scene.trim, thick=2, lift=0.3)
    return FLOOR


def _beanie(scene: Scene) -> float:
    canvas = scene.canvas
    half, high, rim = scene.uniform(27, 31), scene.uniform(36, 44), 66.0
    dome = curve(
        (50 - half, rim),
        (50 - half + 0.5, rim - 0.5 * high),
        (50 - 0.5 * half, rim - 0.93 * high),
        (50, rim - high),
        (50 + 0.5 * half, rim - 0.93 * high),
        (50 + half - 0.5, rim - 0.5 * high),
        (50 + half, rim),
    )
    canvas.add(outline(dome, [(50 + half, rim + 6), (50 - half, rim + 6)]), surface=scene.body, thick=20)
    for share in np.linspace(0.12, 0.88, 9):
        x = 50 + half * (2 * share - 1)
        canvas.add_seam(
            curve((50 + 0.25 * (x - 50), rim - 0.97 * high), (50 + 0.8 * (x - 50), rim - 0.6 * high), (x, rim)),
            0.16,
            0.8,
        )
    width = scene.uniform(12, 17)
    cuff = outline(
        curve((50 - half - 1.5, rim - 3), (50, rim + 1), (50 + half + 1.5, rim - 3)),
        curve((50 + half + 1, rim - 3 + width), (50, rim + 1.5 + width), (50 - half - 1, rim - 3 + width)),
    )
    turned = replace(scene.trim, material=scene.attributes["material"]) if scene.rng.random() < 0.4 else scene.plain
    canvas.add(cuff, surface=turned, thick=5, lift=0.9)
    for share in np.linspace(0.02, 0.98, 24):
        canvas.add_seam(curve(at(cuff[:21], share), at(cuff[:21], share) + [0, width]), 0.28, 0.5)
    if scene.rng.random() < 0.55:
        angles, size = np.linspace(0, 2 * np.pi, 18, endpoint=False), scene.uniform(7.5, 10)
        radii = size * (1 + scene.rng.normal(0, 0.07, 18))
        ball = loop(*[(50 + r * np.cos(a), rim - high - 4 + r * np.sin(a)) for r, a in zip(radii, angles, strict=True)])
        canvas.add(ball, surface=replace(scene.trim, material="fur"), thick=10, lift=0.8)
    return rim + width


def _brimmed(scene: Scene, half: float, crown: np.ndarray, rim: float, wide: float, deep: float, tilt: float) -> float:
    """Draw a crown on an oval brim. half: half the crown's width at the rim; tilt: how far the brim's ends turn up."""
    canvas = scene.canvas
    left, right = (50 - wide, rim - tilt), (50 + wide, rim - tilt)
    back = curve(
        left,
        (50 - 0.7 * wide, rim - 0.55 * deep - 0.4 * tilt),
        (50, rim - 0.7 * deep),
        (50 + 0.7 * wide, rim - 0.55 * deep - 0.4 * tilt),
        right,
    )
    front = curve(
        right, (50 + 0.72 * wide, rim + 0.62 * deep), (50, rim + deep), (50 - 0.72 * wide, rim + 0.62 * deep), left
    )
    canvas.add(
        outline(back, front), surface=scene.plain if scene.attributes["pattern"] != "plain" else scene.body, thick=5
    )
    for share in (0.35, 0.7):
        canvas.add_seam(between(front, curve((50 + half, rim), (50, rim + 4), (50 - half, rim)), share), 0.14, 0.6)
    canvas.add(crown, surface=scene.body, thick=16, lift=1.6)
    return rim + deep


def _band(scene: Scene, half: float, rim: float, width: float, sag: float) -> None:
    upper = curve((50 - half + 0.3, rim - width), (50, rim - width + sag), (50 + half - 0.3, rim - width))
    lower = curve((50 + half, rim), (50, rim + sag), (50 - half, rim))
    scene.canvas.add(outline(upper, lower), surface=replace(scene.trim, material="satin"), thick=4, lift=0.3)


def _fedora(scene: Scene) -> float:
    half, high, rim = scene.uniform(23, 26), scene.uniform(27, 32), 62.0
    sag = 5.0
    crown = outline(
        curve(
            (50 - half, rim),
            (50 - half + 1.5, rim - 0.6 * high),
            (50 - 0.72 * half, rim - 0.96 * high),
            (50 - 0.4 * half, rim - high),
        ),
        curve((50 - 0.4 * half, rim - high), (50, rim - 0.88 * high), (50 + 0.4 * half, rim - high)),
        curve(
            (50 + 0.4 * half, rim - high),
            (50 + 0.72 * half, rim - 0.96 * high),
            (50 + half - 1.5, rim - 0.6 * high),
            (50 + half, rim),
        ),
        curve((50 + half, rim), (50, rim + sag), (50 - half, rim)),
    )
    floor = _brimmed(scene, half, crown, rim, scene.uniform(40, 44), scene.uniform(9, 12), scene.uniform(1, 4))
    scene.canvas.tint(
        ellipse(50 - 0.3 * half, rim - 0.78 * high, 3.2, 7, 0.5), colour=np.zeros(3), strength=0.35, soft=1.6
    )
    scene.canvas.tint(ellipse(50, rim - 0.86 * high, 0.42 * half, 3), colour=np.zeros(3), strength=0.4, soft=1.5)
    _band(scene, half, rim, scene.uniform(5.5, 8), sag)
    return floor


def _sun_hat(scene: Scene) -> float:
    half, high, rim = scene.uniform(20, 23), scene.uniform(21, 26), 55.0
    crown = outline(
        curve(
            (50 - half, rim),
            (50 - half + 1, rim - 0.55 * high),
            (50 - 0.6 * half, rim - 0.95 * high),
            (50, rim - high - 1),
            (50 + 0.6 * half, rim - 0.95 * high),
            (50 + half - 1, rim - 0.55 * high),
            (50 + half, rim),
        ),
        curve((50 + half, rim), (50, rim + 4), (50 - half, rim)),
    )
    floor = _brimmed(scene, half, crown, rim, scene.uniform(44, 47.5), scene.uniform(15, 20), scene.uniform(-6, -2))
    _band(scene, half, rim, scene.uniform(4.5, 7), 4.0)
    if scene.rng.random() < 0.6:
        canvas, ribbon_silk = scene.canvas, replace(scene.trim, material="satin")
        for tilt, dx in ((0.6, -3.4), (-0.6, 3.4)):
            canvas.add(
                ellipse(50 + 0.6 * half + dx, rim - 1 + 0.3 * abs(dx), 4.4, 2.2, tilt),
                surface=ribbon_silk,
                thick=2,
                lift=0.5,
            )
        canvas.add(ellipse(50 + 0.6 * half, rim - 1, 1.6, 1.9), surface=ribbon_silk, thick=1.4, lift=0.3)
    return floor


def _bucket(scene: Scene) -> float:
    canvas = scene.canvas
    half, high, rim, drop = scene.uniform(21, 24), scene.uniform(24, 29), 52.0, scene.uniform(15, 20)
    flare = half + scene.uniform(11, 15)
    brim = outline(
        curve((50 - half, rim), (50 - 0.5 * (half + flare) - 1, rim + 0.55 * drop), (50 - flare, rim + drop)),
        curve((50 - flare, rim + drop), (50, rim + drop + 8), (50 + flare, rim + drop)),
        curve((50 + flare, rim + drop), (50 + 0.5 * (half + flare) + 1, rim + 0.55 * drop), (50 + half, rim)),
        curve((50 + half, rim), (50, rim + 4), (50 - half, rim)),
    )
    inside = outline(
        curve((50 - flare, rim + drop), (50, rim + drop - 2.5), (50 + flare, rim + drop)),
        curve((50 + flare, rim + drop), (50, rim + drop + 8), (50 - flare, rim + drop)),
    )
    canvas.add(inside, surface=replace(scene.plain, colour=scene.plain.colour * np.float32(0.4)), thick=3)
    top = 50 - 0.86 * half
    crown = outline(
        curve((50 - half, rim), (50 - 0.95 * half, rim - 0.6 * high), (top, rim - high)),
        curve((top, rim - high), (50, rim - high - 4.5), (100 - top, rim - high)),
        curve((100 - top, rim - high), (50 + 0.95 * half, rim - 0.6 * high), (50 + half, rim)),
        curve((50 + half, rim), (50, rim + 4), (50 - half, rim)),
    )
    canvas.add(crown, surface=scene.body, thick=16)
    canvas.add_seam(curve((top, rim - high + 1), (50, rim - high + 4.5), (100 - top, rim - high + 1)), 0.45, 0.6)
    canvas.add(brim, surface=scene.body, thick=11, lift=0.5)
    for share in (0.3, 0.55, 0.8):
        y = rim + share * drop
        x = half + share * (flare - half)
        canvas.add_seam(curve((50 - x, y), (50, y + 4 + 4 * share), (50 + x, y)), 0.25, 0.45)
    if scene.rng.random() < 0.5:
        _band(scene, half, rim, scene.uniform(3, 5), 4.0)
    return rim + drop + 6


HAT_SHAPES = {"cap": _cap, "beanie": _beanie, "fedora": _fedora, "sun hat": _sun_hat, "bucket": _bucket}
