"""Hats, from the front and a little above; the cap from its side."""

from dataclasses import replace

import numpy as np

from catalog.demo.look import Look
from catalog.demo.paths import at, between, curve, ellipse, loop, outline

FLOOR = 76.0


def hat(look: Look) -> float:
    return SHAPES[look.words["shape"]](look)


def _cap(look: Look) -> float:
    studio = look.studio
    high, rim = look.vary(30, 36), FLOOR - 3
    front, back = look.vary(31, 34), look.vary(86, 89)
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
    length = look.vary(22, 27)
    under = outline(
        curve((front, rim - 1.5), (front - length, rim + 3.4), (front - length - 2, rim + 6)),
        curve((front - length - 2, rim + 6), (front, rim + 7), (54, rim + 4.4)),
    )
    studio.part(under, surface=replace(look.plain, colour=look.plain.colour * np.float32(0.45)), thick=2)
    studio.part(outline(crown, base), surface=look.body, thick=24)
    for share in (0.33, 0.62):
        foot = at(base, share)
        studio.seam(curve((60, rim - high - 1.2), (60 + (foot[0] - 60) * 0.75, rim - 0.6 * high), foot), 0.4, 0.6)
        hole = 0.45 * foot + 0.55 * np.array([60, rim - high + 5]) + [4, 0]
        studio.part(ellipse(hole[0], hole[1], 1.0, 1.0), surface=look.trim, thick=0.8)
    bill = outline(
        curve((front - 1.5, rim - 3), (front - 0.55 * length, rim - 3.5), (front - length - 2, rim + 4.6)),
        curve((front - length - 2, rim + 6), (front - 0.2 * length, rim + 2.6), (front + 18, rim + 4.2)),
        curve((front + 18, rim + 3.2), (front + 6, rim), (front - 1.5, rim - 3)),
    )
    studio.part(bill, surface=look.trim if look.rng.random() < 0.5 else look.plain, thick=5, lift=0.8)
    studio.part(ellipse(60, rim - high - 1.6, 2.6, 1.6), surface=look.trim, thick=1.4, lift=0.3)
    if look.rng.random() < 0.5:
        x, y, size = front + 12, rim - 0.48 * high, look.vary(4.5, 6)
        studio.part(ellipse(x, y, 0.8 * size, size, 0.2), surface=look.trim, thick=2, lift=0.3)
    return FLOOR


def _beanie(look: Look) -> float:
    studio = look.studio
    half, high, rim = look.vary(27, 31), look.vary(36, 44), 66.0
    dome = curve(
        (50 - half, rim),
        (50 - half + 0.5, rim - 0.5 * high),
        (50 - 0.5 * half, rim - 0.93 * high),
        (50, rim - high),
        (50 + 0.5 * half, rim - 0.93 * high),
        (50 + half - 0.5, rim - 0.5 * high),
        (50 + half, rim),
    )
    studio.part(outline(dome, [(50 + half, rim + 6), (50 - half, rim + 6)]), surface=look.body, thick=20)
    for share in np.linspace(0.12, 0.88, 9):
        x = 50 + half * (2 * share - 1)
        studio.seam(
            curve((50 + 0.25 * (x - 50), rim - 0.97 * high), (50 + 0.8 * (x - 50), rim - 0.6 * high), (x, rim)),
            0.16,
            0.8,
        )
    width = look.vary(12, 17)
    cuff = outline(
        curve((50 - half - 1.5, rim - 3), (50, rim + 1), (50 + half + 1.5, rim - 3)),
        curve((50 + half + 1, rim - 3 + width), (50, rim + 1.5 + width), (50 - half - 1, rim - 3 + width)),
    )
    turned = replace(look.trim, material=look.words["material"]) if look.rng.random() < 0.4 else look.plain
    studio.part(cuff, surface=turned, thick=5, lift=0.9)
    for share in np.linspace(0.02, 0.98, 24):
        studio.seam(curve(at(cuff[:21], share), at(cuff[:21], share) + [0, width]), 0.28, 0.5)
    if look.rng.random() < 0.55:
        angles, size = np.linspace(0, 2 * np.pi, 18, endpoint=False), look.vary(7.5, 10)
        radii = size * (1 + look.rng.normal(0, 0.07, 18))
        ball = loop(*[(50 + r * np.cos(a), rim - high - 4 + r * np.sin(a)) for r, a in zip(radii, angles, strict=True)])
        studio.part(ball, surface=replace(look.trim, material="fur"), thick=10, lift=0.8)
    return rim + width


def _brimmed(look: Look, half: float, crown: np.ndarray, rim: float, wide: float, deep: float, tilt: float) -> float:
    """A crown on an oval brim. half: of the crown at the rim; tilt: how far the brim's ends turn up."""
    studio = look.studio
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
    studio.part(outline(back, front), surface=look.plain if look.words["pattern"] != "plain" else look.body, thick=5)
    for share in (0.35, 0.7):
        studio.seam(between(front, curve((50 + half, rim), (50, rim + 4), (50 - half, rim)), share), 0.14, 0.6)
    studio.part(crown, surface=look.body, thick=16, lift=1.6)
    return rim + deep


def _band(look: Look, half: float, rim: float, width: float, sag: float) -> None:
    upper = curve((50 - half + 0.3, rim - width), (50, rim - width + sag), (50 + half - 0.3, rim - width))
    lower = curve((50 + half, rim), (50, rim + sag), (50 - half, rim))
    look.studio.part(outline(upper, lower), surface=replace(look.trim, material="satin"), thick=4, lift=0.3)


def _fedora(look: Look) -> float:
    half, high, rim = look.vary(23, 26), look.vary(27, 32), 62.0
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
    floor = _brimmed(look, half, crown, rim, look.vary(40, 44), look.vary(9, 12), look.vary(1, 4))
    look.studio.tint(
        ellipse(50 - 0.3 * half, rim - 0.78 * high, 3.2, 7, 0.5), colour=np.zeros(3), strength=0.35, soft=1.6
    )
    look.studio.tint(ellipse(50, rim - 0.86 * high, 0.42 * half, 3), colour=np.zeros(3), strength=0.4, soft=1.5)
    _band(look, half, rim, look.vary(5.5, 8), sag)
    return floor


def _sun_hat(look: Look) -> float:
    half, high, rim = look.vary(20, 23), look.vary(21, 26), 55.0
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
    floor = _brimmed(look, half, crown, rim, look.vary(44, 47.5), look.vary(15, 20), look.vary(-6, -2))
    _band(look, half, rim, look.vary(4.5, 7), 4.0)
    if look.rng.random() < 0.6:
        studio, ribbon_silk = look.studio, replace(look.trim, material="satin")
        for tilt, dx in ((0.6, -3.4), (-0.6, 3.4)):
            studio.part(
                ellipse(50 + 0.6 * half + dx, rim - 1 + 0.3 * abs(dx), 4.4, 2.2, tilt),
                surface=ribbon_silk,
                thick=2,
                lift=0.5,
            )
        studio.part(ellipse(50 + 0.6 * half, rim - 1, 1.6, 1.9), surface=ribbon_silk, thick=1.4, lift=0.3)
    return floor


def _bucket(look: Look) -> float:
    studio = look.studio
    half, high, rim, drop = look.vary(21, 24), look.vary(24, 29), 52.0, look.vary(15, 20)
    flare = half + look.vary(11, 15)
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
    studio.part(inside, surface=replace(look.plain, colour=look.plain.colour * np.float32(0.4)), thick=3)
    top = 50 - 0.86 * half
    crown = outline(
        curve((50 - half, rim), (50 - 0.95 * half, rim - 0.6 * high), (top, rim - high)),
        curve((top, rim - high), (50, rim - high - 4.5), (100 - top, rim - high)),
        curve((100 - top, rim - high), (50 + 0.95 * half, rim - 0.6 * high), (50 + half, rim)),
        curve((50 + half, rim), (50, rim + 4), (50 - half, rim)),
    )
    studio.part(crown, surface=look.body, thick=16)
    studio.seam(curve((top, rim - high + 1), (50, rim - high + 4.5), (100 - top, rim - high + 1)), 0.45, 0.6)
    studio.part(brim, surface=look.body, thick=11, lift=0.5)
    for share in (0.3, 0.55, 0.8):
        y = rim + share * drop
        x = half + share * (flare - half)
        studio.seam(curve((50 - x, y), (50, y + 4 + 4 * share), (50 + x, y)), 0.25, 0.45)
    if look.rng.random() < 0.5:
        _band(look, half, rim, look.vary(3, 5), 4.0)
    return rim + drop + 6


SHAPES = {"cap": _cap, "beanie": _beanie, "fedora": _fedora, "sun hat": _sun_hat, "bucket": _bucket}
