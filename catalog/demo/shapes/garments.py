"""Tops and dresses, from the front, as if worn by an invisible figure."""

from dataclasses import dataclass, replace

import numpy as np

from catalog.demo.paths import at, between, curve, ellipse, mirrored, outline, part_of, ribbon
from catalog.demo.scene import Scene


@dataclass(frozen=True)
class Cut:
    """Lines of the left half, from top to bottom, in front view."""

    shoulder: np.ndarray  # neck point to shoulder point
    armhole: np.ndarray  # shoulder point to underarm
    side: np.ndarray  # underarm to hem
    hem: np.ndarray  # from the left end to the right end


def top(scene: Scene) -> None:
    hem = scene.sample("length", cropped=(56, 61), regular=(76, 81), long=(90, 94))
    half, waist = scene.uniform(20, 23.5), scene.uniform(-3.5, 1.0)
    shoulder = curve((50 - _neck(scene), 15), (50 - half + 1, scene.uniform(19, 21)))
    armhole = curve(shoulder[-1], (50 - half + 2.2, 29), (50 - half + 0.2, 39))
    side = curve(
        (50 - half + 0.2, 39), (50 - half - waist, 58 if hem > 70 else 50), (50 - half - scene.uniform(0, 3), hem)
    )
    hemline = curve(side[-1], (50, hem + scene.uniform(0.6, 2.2)), (100 - side[-1][0], hem))
    cut = Cut(shoulder, armhole, side, hemline)
    _sleeves(scene, cut)
    _bodice(scene, cut)
    if scene.attributes["material"] == "knit":
        _rib(scene, between(hemline - [0, 4.5], hemline, 0.0), hemline)
    else:
        scene.canvas.add_seam(hemline - [0, 2.2], 0.35, 0.45)


def dress(scene: Scene) -> None:
    canvas = scene.canvas
    hem = scene.sample("length", mini=(66, 71), midi=(80, 84), maxi=(94, 96.5))
    scale = 0.92
    half, waist_y = 19.5 * scale + scene.uniform(0, 1.5), scene.uniform(38, 42)
    flare = scene.sample("shape", fitted=(0.0, 2.5), flared=(11, 17)) * (0.55 + 0.45 * (hem - 60) / 36)
    waist = half - scene.uniform(2.6, 4.4)
    shoulder = curve((50 - 0.8 * _neck(scene), 7), (50 - half + 1, scene.uniform(10, 11.5)))
    armhole = curve(shoulder[-1], (50 - half + 2.2, 18), (50 - half + 0.4, 25))
    hip = 0.3 * (hem - waist_y)
    side = curve(
        (50 - half + 0.4, 25),
        (50 - waist, waist_y),
        (50 - waist - 3 - 0.42 * flare, waist_y + hip),
        (50 - waist - 2.5 - 0.75 * flare, waist_y + 0.62 * (hem - waist_y)),
        (50 - waist - 2.5 - flare, hem),
    )
    ripple = scene.uniform(0.4, 0.9) * flare / 10
    ends = np.linspace(side[-1][0], 100 - side[-1][0], 9)
    bow = 2.6 * flare / 14 * np.sin(np.linspace(0, np.pi, 9))
    hemline = curve(
        *[(x, hem + b + (ripple if i % 2 else -ripple)) for i, (x, b) in enumerate(zip(ends, bow, strict=True))]
    )
    cut = Cut(shoulder, armhole, side, hemline)
    _sleeves(scene, cut, scale)
    _bodice(scene, cut, top_y=7)
    waistline = curve((50 - waist, waist_y), (50, waist_y + 1.2), (50 + waist, waist_y))
    _drape(scene, waistline, hemline, int(4 + flare / 3), 0.10 + 0.012 * flare)
    if scene.rng.random() < 0.4:
        canvas.add(
            ribbon(waistline, scene.uniform(2.2, 3.6)),
            surface=replace(scene.trim, material=scene.attributes["material"]),
            thick=1.6,
            lift=0.4,
        )
    else:
        canvas.add_seam(waistline, 0.4, 0.5)
    canvas.add_seam(hemline - [0, 1.6], 0.3, 0.4)


def _neck(scene: Scene) -> float:
    if scene.attributes["neckline"] in ("collar", "roll"):
        return 6.6
    return scene.uniform(7.5, 10)


def _bodice(scene: Scene, cut: Cut, top_y: float = 15.0) -> None:
    """Draw the front panel with its neckline, and behind it the inside of the back."""
    canvas = scene.canvas
    left, kind = cut.shoulder[0], scene.attributes["neckline"]
    depth = {"round": scene.uniform(6, 10), "v": scene.uniform(13, 18), "collar": 6.0, "roll": 2.0}[kind]
    dip = 50.0, top_y + depth
    if kind == "v":
        neck = curve(left, (50 + 0.52 * (left[0] - 50), top_y + 0.52 * depth), dip)
    else:
        neck = part_of(
            curve(left, (left[0] + 2.2, top_y + 0.7 * depth), dip, (97.8 - left[0], top_y + 0.7 * depth)),
            0,
            0.666,
        )
    nape = curve(left, (50, top_y + 1.8), (100 - left[0], left[1]))
    inside = replace(scene.plain, colour=scene.plain.colour * np.float32(0.42))
    canvas.add(outline(nape, mirrored(neck)[:1], mirrored(neck), neck[::-1]), surface=inside, thick=3)
    left_side = outline(neck[::-1], cut.shoulder, cut.armhole, cut.side)
    canvas.add(outline(left_side, cut.hem, mirrored(left_side)), surface=replace(scene.body, folds=1.6), thick=13)
    for line in (cut.armhole, mirrored(cut.armhole)):
        canvas.add_seam(line, 0.35, 0.5)
    for side in (-1, 1):  # the pull from the underarm
        for _ in range(2):
            x, y = 50 + side * (50 - cut.side[0][0] - 1.5), cut.side[0][1] + scene.uniform(-1, 3)
            canvas.add_seam(
                curve((x, y), (x - side * 5, y + scene.uniform(1, 5)), (x - side * 10, y + scene.uniform(3, 10))),
                0.16,
                1.1,
            )
    edge = np.vstack([neck, mirrored(neck)[1:]])
    if kind == "collar":
        _collar(scene, left, top_y, cut)
    elif kind == "roll":
        high = scene.uniform(6, 9)
        roll = outline(
            curve((43.2, top_y + 2.5), (42.8, top_y - 2), (43.6, top_y - high)),
            curve((43.6, top_y - high), (50, top_y - high - 1), (56.4, top_y - high)),
            curve((56.4, top_y - high), (57.2, top_y - 2), (56.8, top_y + 2.5)),
            curve((56.8, top_y + 2.5), (50, top_y + 5), (43.2, top_y + 2.5)),
        )
        canvas.add(roll, surface=scene.plain, thick=4, lift=0.4)
        canvas.add_seam(curve((43.2, top_y - 1), (50, top_y + 0.8), (56.8, top_y - 1)), 0.3, 0.8)
    else:
        canvas.add(
            ribbon(edge, 1.9),
            surface=replace(scene.trim, material=scene.attributes["material"])
            if scene.rng.random() < 0.5
            else scene.plain,
            thick=1.2,
            lift=0.2,
        )


def _collar(scene: Scene, left: np.ndarray, y: float, cut: Cut) -> None:
    canvas = scene.canvas
    bottom = cut.hem[:, 1].max() - 1
    canvas.add_seam(curve((48.2, y + 6), (48.2, bottom)), 0.4, 0.5)
    canvas.add_seam(curve((51.8, y + 6), (51.8, bottom)), 0.4, 0.5)
    button = replace(scene.trim, material="rubber")
    for button_y in np.arange(y + 10, bottom - 3, 9.0):
        canvas.add(ellipse(50, button_y, 1.15, 1.15), surface=button, thick=0.8, lift=0.3)
    leaf = outline(
        curve((left[0] - 0.4, y - 0.5), (45, y - 2.6), (50, y + 3.2)),
        [(50, y + 5.4), (45.2, y + 11), (left[0] - 2.2, y + 5)],
    )
    for wing in (leaf, mirrored(leaf)):
        canvas.add(wing, surface=scene.plain, thick=2.2, lift=0.7)


def _sleeves(scene: Scene, cut: Cut, scale: float = 1.0) -> None:
    kind = scene.attributes["sleeve"]
    if kind == "sleeveless":
        return
    tip, pit = cut.shoulder[-1], cut.armhole[-1]
    if kind == "short":
        reach, drop = scene.uniform(9, 12) * scale, scene.uniform(15, 20) * scale
        outer = curve(tip, (tip[0] - 0.65 * reach, tip[1] + 0.4 * drop), (tip[0] - reach, tip[1] + drop))
        cuff = curve(outer[-1], (tip[0] - 0.3 * reach, tip[1] + drop + 3), (pit[0] - 0.6, pit[1] + 2.0 * scale))
    else:
        reach, drop = scene.uniform(13, 18) * scale, scene.uniform(47, 54) * scale
        wide = scene.uniform(7.5, 10) * scale
        outer = curve(
            tip,
            (tip[0] - 0.55 * reach, tip[1] + 0.25 * drop),
            (tip[0] - 0.86 * reach, tip[1] + 0.62 * drop),
            (tip[0] - reach, tip[1] + drop),
        )
        cuff = curve(
            outer[-1],
            (tip[0] - reach + 0.5 * wide, tip[1] + drop + 1.2),
            (tip[0] - reach + wide, tip[1] + drop - 0.6),
        )
    inner = curve(cuff[-1], 0.5 * (cuff[-1] + pit) + [-0.8, -0.4], pit)
    sleeve = outline(outer, cuff, inner, [pit + [3, 0], tip + [3, 1]])
    canvas, trim = scene.canvas, replace(scene.trim, material=scene.attributes["material"])
    banded = scene.rng.random() < 0.4
    for half in (sleeve, mirrored(sleeve)):
        canvas.add(half, surface=replace(scene.body, folds=1.4), thick=7)
    for line in (cuff, mirrored(cuff)):
        if banded:
            canvas.add(ribbon(line - [0, 0.6], 2.6), surface=trim, thick=1.2)
        else:
            canvas.add_seam(line - [0, 1.7], 0.35, 0.45)
    if kind == "long":
        elbow = 0.5 * (at(outer, 0.5) + at(inner, 0.5))
        for dy in (-4.0, 0.5, 4.5):
            bend = curve(elbow + [-3, dy - 1], elbow + [0, dy + 0.6], elbow + [2.5, dy - 0.6])
            canvas.add_seam(bend, 0.18, 1.0)
            canvas.add_seam(mirrored(bend), 0.18, 1.0)


def _drape(scene: Scene, waistline: np.ndarray, hemline: np.ndarray, folds: int, depth: float) -> None:
    """Draw folds that fan out from the waist to the hem: a dark valley beside a light ridge."""
    canvas = scene.canvas
    for share in (np.arange(folds) + 0.5 + scene.rng.uniform(-0.25, 0.25, folds)) / folds:
        top_point, foot = at(waistline, share), at(hemline, share)
        start = top_point + scene.uniform(0.03, 0.35) * (foot - top_point)
        valley = ribbon(
            curve(start, 0.5 * (start + foot) + [scene.uniform(-0.8, 0.8), 0], foot - [0, 0.4]),
            0.5,
            1.6,
            3.4,
        )
        canvas.tint(valley, colour=np.zeros(3, dtype=np.float32), strength=1.6 * depth, soft=0.8)
        canvas.tint(valley + [2.6, 0], colour=np.full(3, 1.7, dtype=np.float32), strength=0.9 * depth, soft=0.8)


def _rib(scene: Scene, upper: np.ndarray, lower: np.ndarray) -> None:
    canvas = scene.canvas
    canvas.add(outline(upper, lower[::-1]), surface=scene.plain, thick=2, lift=0.2)
    for share in np.linspace(0.02, 0.98, 26):
        a, b = at(upper, share), at(lower, share)
        canvas.add_seam(curve(a, b), 0.3, 0.4)
