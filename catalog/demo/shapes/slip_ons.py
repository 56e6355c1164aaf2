"""Low shoes without laces, in profile, the toe to the left: ballet flats, loafers, slippers."""

from dataclasses import dataclass, replace

import numpy as np

from catalog.demo.colours import linear
from catalog.demo.paths import at, curve, ellipse, loop, outline, ribbon
from catalog.demo.scene import Scene

FLOOR = 78.0


@dataclass(frozen=True)
class Upper:
    """Lines of a low shoe.

    edge: the opening, from the vamp to the heel; nose: from the toe up to the vamp; bed: along the sole.
    """

    edge: np.ndarray
    nose: np.ndarray
    bed: np.ndarray


def flat(scene: Scene) -> float:
    canvas, ground = scene.canvas, FLOOR - 1.6
    upper = _upper(
        scene,
        ground,
        vamp=(scene.uniform(28, 33), ground - scene.uniform(13, 15)),
        counter=ground - scene.uniform(17, 20),
        dip=scene.uniform(7, 9),
        pointed=scene.attributes["toe"] == "pointed",
    )
    canvas.add(
        ribbon(upper.edge + [0, 0.5], 1.5), surface=replace(scene.trim, material=scene.attributes["material"]), thick=1
    )
    sole = ribbon(upper.bed + [0, 0.9], 1.8)
    canvas.add(sole, surface=scene.sole, thick=1.2)
    canvas.add(outline([(75, ground + 0.5), (91, ground), (90.5, FLOOR), (76, FLOOR)]), surface=scene.sole, thick=1.5)
    _flat_trim(scene, upper)
    return FLOOR


def loafer(scene: Scene) -> float:
    canvas = scene.canvas
    thick = scene.sample("sole", thin=(2.2, 3), chunky=(6, 8))
    ground = FLOOR - thick
    upper = _upper(
        scene,
        ground,
        vamp=(scene.uniform(43, 46), ground - scene.uniform(21.5, 23.5)),
        counter=ground - scene.uniform(20, 22),
        dip=scene.uniform(12, 13.5),
        pointed=False,
        full=1.12,
    )
    apron = curve(upper.edge[0] + [2.5, 3], (30, ground - 14.5), (18, ground - 10.5), (11.5, ground - 10.8))
    canvas.add_seam(apron, 0.55, 0.9)
    canvas.add_seam(apron + [0.5, 1.4], 0.3, 0.5)
    canvas.add_seam(curve((80, ground - 20), (76, ground - 9), (72, ground)), 0.4)
    canvas.add(ribbon(upper.edge + [0, 0.5], 1.7), surface=scene.plain, thick=1)
    welt = outline(upper.bed, (upper.bed + [0, thick])[::-1])
    canvas.add(welt, surface=scene.sole, thick=1.6, lift=0.3)
    canvas.add(
        outline([(70, ground + 1.2), (91.5, ground + 0.4), (91, FLOOR), (71, FLOOR)]), surface=scene.sole, thick=2
    )
    if thick > 5:
        for x in np.arange(14, 70, 5.0):
            canvas.tint(ribbon(curve((x, FLOOR + 0.3), (x, FLOOR - 2.2)), 1.8), colour=np.zeros(3), strength=0.75)
    _loafer_trim(scene, ground)
    return FLOOR


def slipper(scene: Scene) -> float:
    canvas, shape = scene.canvas, scene.attributes["shape"]
    ground = FLOOR - scene.uniform(4, 5.5)
    top = {"open": 0.0, "closed": 21.0, "bootie": 40.0}[shape] + scene.uniform(-1, 1)
    vamp = (scene.uniform(46, 50), ground - scene.uniform(25, 28))
    fur = replace(scene.lining, material="fur", colour=scene.trim.colour)
    if shape == "open":
        _footbed(scene, ground)
        nose = curve((9, ground + 0.5), (7.5, ground - 8), (15, ground - 18), (30, ground - 22.5), vamp)
        back = curve(vamp, (54, ground - 20), (57.5, ground - 9), (57, ground + 1))
        far = curve(vamp, (57, vamp[1] + 1.5), (62, ground - 12), (63, ground - 1))
        canvas.add(outline(far, [(57, ground + 1)], back[::-1]), surface=scene.lining, thick=3)
        canvas.tint(outline(far, [(57, ground + 1)], back[::-1]), colour=linear(0.3, 0.28, 0.25), strength=0.5)
        canvas.add(outline(nose, back), surface=scene.body, thick=13)
        rim = back
    else:
        vamp = (vamp[0], ground - 0.88 * top) if shape == "bootie" else vamp
        dip = 14.5 if shape == "closed" else 0.92 * top
        upper = _upper(scene, ground, vamp=vamp, counter=ground - top, dip=dip, pointed=False, full=1.45)
        rim = upper.edge
    if scene.attributes["trim"] == "fluffy":
        for x, y in np.vstack([at(rim, s) for s in np.linspace(0.0, 1, 15)]):
            canvas.add(_tuft(scene, x, y, scene.uniform(3.0, 3.8)), surface=fur, thick=4, lift=0.3)
    else:
        canvas.add(ribbon(rim, 3.0), surface=replace(scene.trim, material=scene.attributes["material"]), thick=1.5)
    if scene.attributes["trim"] == "pompon":
        canvas.add(_tuft(scene, 33, ground - 25, 7.5), surface=fur, thick=8, lift=0.8)
    sole = outline(
        curve((6.5, ground - 0.5), (12, ground + 1.4), (50, ground + 1), (86, ground + 1), (93.5, ground - 0.8)),
        curve((92, FLOOR - 0.6), (86, FLOOR), (14, FLOOR), (7.5, FLOOR - 0.8)),
    )
    canvas.add(sole, surface=scene.sole, thick=2.4, lift=0.3)
    return FLOOR


def _upper(
    scene: Scene, ground: float, vamp: tuple[float, float], counter: float, dip: float, pointed: bool, full: float = 1.0
) -> Upper:
    """Draw the body of a low shoe and the visible part of its inside.

    dip: how high above the sole the opening's lowest point is. full: height of the toe box, 1 for a ballet flat.
    """
    canvas = scene.canvas
    x, y = vamp
    if pointed:
        nose = curve((5, ground - 1.2), (12, ground - 5.2), (21, ground - 9.5), (x, y))
    else:
        nose = curve((9, ground), (8, ground - 5 * full), (13, ground - 9.4 * full), (21, ground - 11.6 * full), (x, y))
    bed = curve(nose[0] + [-0.6, 0.4], (14, ground + 0.3), (50, ground), (80, ground + 0.3), (92, ground - 0.3))
    high = ground - counter
    heel = curve(
        (91.5, ground), (93, ground - 0.35 * high), (91, ground - 0.75 * high), (89.2, counter + 0.4), (88, counter)
    )
    low, rise = ground - dip, (88 - x) / 4
    edge = curve(
        (x, y),
        (x + rise, y + 0.72 * (low - y)),
        (x + 2 * rise, low),
        (x + 3 * rise, low + 0.25 * (counter - low)),
        (88, counter),
    )
    top = min(low - 4.5, 0.5 * (low + y))
    far = curve(
        (x, y),
        (x + rise, y + 0.5 * (top - y)),
        (x + 2 * rise, top),
        (x + 3 * rise, top + 0.4 * (counter - top)),
        (88, counter),
    )
    canvas.add(outline(edge, far[::-1]), surface=scene.lining, thick=3)
    canvas.tint(outline(edge, far[::-1]), colour=linear(0.33, 0.29, 0.25), strength=0.55)
    canvas.add(outline(bed, heel, edge[::-1], nose[::-1]), surface=scene.body, thick=10)
    return Upper(edge, nose, bed)


def _flat_trim(scene: Scene, upper: Upper) -> None:
    canvas, trim = scene.canvas, replace(scene.trim, material=scene.attributes["material"])
    x, y = upper.edge[0]
    if scene.attributes["trim"] == "bow":
        for tilt, dx in ((0.5, -3.6), (-0.35, 3.6)):
            canvas.add(ellipse(x - 3 + dx, y - 0.4 - 0.25 * dx, 4.2, 2.5, tilt), surface=trim, thick=2, lift=0.5)
        canvas.add(ellipse(x - 3, y - 0.4, 1.6, 1.9), surface=trim, thick=1.5, lift=0.3)
    elif scene.attributes["trim"] == "strap":
        x, y = at(upper.edge, 0.42)
        inside = replace(scene.lining, colour=scene.lining.colour * np.float32(0.55))
        canvas.add(ribbon(curve((x - 3, y - 7.5), (x + 1.5, y - 7.5), (x + 4, y - 3)), 2.6), surface=inside, thick=1.5)
        canvas.add(
            ribbon(curve((x + 1, y + 2.6), (x - 2.4, y - 2), (x - 3, y - 7)), 3.6, 3.2),
            surface=scene.plain,
            thick=2,
            lift=0.5,
        )
        canvas.add(ellipse(x - 0.6, y + 0.8, 1.7, 1.7), surface=scene.metal, thick=1)
    elif scene.attributes["trim"] == "buckle":
        canvas.add(
            outline([(x - 10, y + 2.2), (x - 1.5, y - 0.8), (x, y + 4), (x - 8.5, y + 7)]),
            surface=scene.metal,
            thick=1.4,
            lift=0.5,
        )
        canvas.add(
            outline([(x - 8, y + 3), (x - 2.6, y + 1.1), (x - 1.8, y + 3.4), (x - 7.2, y + 5.3)]),
            surface=scene.plain,
            thick=1,
        )


def _loafer_trim(scene: Scene, ground: float) -> None:
    canvas, trim = scene.canvas, scene.attributes["trim"]
    if trim == "none":
        return
    saddle = outline(
        curve((36, ground - 18.2), (41, ground - 21), (45, ground - 22)),
        curve((52, ground - 12), (52, ground)),
        curve((42, ground), (39, ground - 10), (36, ground - 18.2)),
    )
    canvas.add(saddle, surface=replace(scene.plain, colour=scene.plain.colour * np.float32(0.8)), thick=4, lift=0.4)
    if trim == "penny":
        canvas.add(ellipse(43, ground - 15.5, 1.3, 3.4, 0.5), surface=scene.trim, thick=1)
    elif trim == "bit":
        bar = curve((36, ground - 17.5), (41, ground - 18.5), (47, ground - 14))
        canvas.add(ribbon(bar, 1.8), surface=scene.metal, thick=1, lift=0.6)
        for x, y in (bar[0], bar[-1]):
            canvas.add(ellipse(x, y, 2.7, 2.7), surface=scene.metal, thick=1.2, lift=0.5)
            canvas.add(ellipse(x, y, 1.4, 1.4), surface=scene.plain, thick=1)
    else:
        for dx, tilt in ((-4.0, 0.25), (1.5, -0.1)):
            x, y = 40 + dx, ground - 14
            fringe = outline([(x - 1, y - 4), (x + 1, y - 4), (x + 2.3, y + 5), (x - 2.3, y + 5)])
            canvas.add(fringe, surface=replace(scene.trim, material="leather"), thick=2, lift=0.5)
            for share in (-1.0, 0.0, 1.0):
                canvas.add_seam(curve((x + 0.4 * share, y - 2), (x + 1.3 * share + tilt, y + 5)), 0.5, 0.4)


def _footbed(scene: Scene, ground: float) -> None:
    bed = outline(
        curve((50, ground - 3), (70, ground - 4.5), (88, ground - 4), (93, ground - 0.5)),
        [(93, ground + 1), (50, ground + 1)],
    )
    scene.canvas.add(bed, surface=scene.lining, thick=3)


def _tuft(scene: Scene, x: float, y: float, size: float) -> np.ndarray:
    bumps = [size * (1 + scene.rng.normal(0, 0.09)) for _ in range(14)]
    angles = np.linspace(0, 2 * np.pi, 14, endpoint=False)
    return loop(*[(x + r * np.cos(a), y + r * np.sin(a)) for r, a in zip(bumps, angles, strict=True)])
