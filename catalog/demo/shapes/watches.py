"""Wristwatches, from the front, laid flat."""

from dataclasses import replace

import numpy as np

from catalog.demo.canvas import Surface
from catalog.demo.colours import linear
from catalog.demo.paths import curve, ellipse, mirrored, outline, ribbon
from catalog.demo.scene import Scene

DIALS = {"white": (0.86, 0.86, 0.84), "black": (0.02, 0.02, 0.025), "blue": (0.02, 0.08, 0.30)}


def watch(scene: Scene) -> None:
    canvas = scene.canvas
    size = scene.sample("size", small=(15, 18), large=(20, 24))
    centre = 50.0
    _strap(scene, size, centre)
    case = scene.metal if scene.attributes["material"] != "metal" else scene.plain
    outer, dial = _face(scene, size, centre), _face(scene, size * scene.uniform(0.78, 0.84), centre)
    crown = outline(
        [
            (50 + size - 0.5, centre - 2.2),
            (50 + size + 2.4, centre - 2),
            (50 + size + 2.4, centre + 2),
            (50 + size - 0.5, centre + 2.2),
        ]
    )
    canvas.add(crown, surface=case, thick=1.4)
    canvas.add(outer, surface=case, thick=3.2, lift=0.8)
    paint = linear(*DIALS[scene.attributes["dial"]])
    canvas.add(dial, surface=Surface("rubber", paint), thick=0.8)
    light = scene.attributes["dial"] == "white"
    _marks(scene, size, centre, linear(*([0.03, 0.03, 0.03] if light else [0.85, 0.84, 0.8])))
    gleam = outline(
        curve(
            (50 - 0.62 * size, centre - 0.1 * size),
            (50 - 0.4 * size, centre - 0.5 * size),
            (50 - 0.05 * size, centre - 0.68 * size),
        ),
        curve(
            (50 + 0.12 * size, centre - 0.62 * size),
            (50 - 0.2 * size, centre - 0.3 * size),
            (50 - 0.5 * size, centre + 0.15 * size),
        ),
    )
    canvas.add(gleam, surface=Surface("glass", np.full(3, 0.5, dtype=np.float32)), thick=1, opacity=0.16)


def _face(scene: Scene, size: float, y: float) -> np.ndarray:
    if scene.attributes["shape"] == "round":
        return ellipse(50, y, size, size)
    a = np.linspace(0, 2 * np.pi, 64, endpoint=False)
    power = 0.32  # a square with rounded corners
    x_part, y_part = np.cos(a), np.sin(a)
    return np.stack(
        [
            50 + 0.9 * size * np.sign(x_part) * np.abs(x_part) ** power,
            y + size * np.sign(y_part) * np.abs(y_part) ** power,
        ],
        axis=1,
    )


def _strap(scene: Scene, size: float, y: float) -> None:
    canvas = scene.canvas
    wide, narrow = 0.62 * size, 0.48 * size
    case = scene.metal if scene.attributes["material"] != "metal" else scene.plain
    for side in (-1, 1):
        end = y + side * scene.uniform(43, 46)
        start = y + side * 0.8 * size
        edge = curve(
            (50 - wide, start), (50 - 0.55 * (wide + narrow), 0.5 * (start + end)), (50 - narrow, end - side * 2)
        )
        tip = curve((50 - narrow, end - side * 2), (50, end), (50 + narrow, end - side * 2))
        canvas.add(outline(edge, tip, mirrored(edge)), surface=scene.body, thick=5)
        if scene.attributes["material"] == "metal":
            for link in np.arange(start + side * 3.4, end - side * 2, side * 3.6):
                canvas.add_seam(curve((50 - wide, link), (50 + wide, link)), 0.65, 0.6)
            for column in (-0.33, 0.33):
                canvas.add_seam(
                    curve((50 + column * 2 * wide * 0.8, start), (50 + column * 2 * narrow * 0.8, end - side * 2)),
                    0.4,
                    0.5,
                )
        else:
            for line in (edge, mirrored(edge)):
                inward = line + [1.3 if line[0][0] < 50 else -1.3, 0]
                if scene.attributes["material"] == "leather":
                    canvas.add(ribbon(inward, 0.45), surface=replace(scene.trim, material="cotton"), thick=0.4)
                else:
                    canvas.add_seam(inward, 0.4, 0.6)
            if side > 0:
                for hole in np.arange(end - 21, end - 5, 4.2):
                    canvas.tint(ellipse(50, hole, 0.8, 1.0), colour=np.zeros(3), strength=0.85)
        for lug in (50 - wide - 0.6, 50 + wide + 0.6):
            canvas.add(
                ribbon(curve((lug, y + side * 0.6 * size), (lug, start + side * 1.6)), 3.0), surface=case, thick=1.5
            )


def _marks(scene: Scene, size: float, y: float, ink: np.ndarray) -> None:
    canvas, paint = scene.canvas, Surface("rubber", ink)
    reach = 0.66 * size
    stretch = 0.92 if scene.attributes["shape"] == "square" else 1.0
    for hour in range(12):
        a = hour * np.pi / 6
        way = np.array([np.sin(a) * stretch, -np.cos(a)])
        long = 0.2 if hour % 3 == 0 else 0.1
        canvas.add(
            ribbon(
                curve([50, y] + way * reach, [50, y] + way * reach * (1 - long)),
                1.3 if hour % 3 == 0 else 0.8,
            ),
            surface=paint,
            thick=0.5,
        )
    for angle, length, width in ((scene.uniform(0, 6.28), 0.52, 1.7), (scene.uniform(0, 6.28), 0.8, 1.2)):
        way = np.array([np.sin(angle), -np.cos(angle)]) * reach
        canvas.add(
            ribbon(curve([50, y] - 0.12 * way, [50, y] + length * way), width, 0.6 * width),
            surface=paint,
            thick=0.6,
            lift=0.3,
        )
    angle = scene.uniform(0, 6.28)
    way = np.array([np.sin(angle), -np.cos(angle)]) * reach
    canvas.add(
        ribbon(curve([50, y] - 0.2 * way, [50, y] + 0.9 * way), 0.55),
        surface=scene.trim,
        thick=0.5,
        lift=0.3,
    )
    canvas.add(ellipse(50, y, 1.2, 1.2), surface=scene.metal, thick=0.8)
