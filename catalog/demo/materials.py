"""Materials: how a surface reflects light, with gloss, fuzz, and the relief of its weave or grain."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from catalog.demo.relief import noise

Texture = Callable[[np.ndarray, np.ndarray, np.random.Generator], np.ndarray]


@dataclass(frozen=True)
class Material:
    """Strengths are shares of white light; `gloss` is the exponent of the highlight, larger is sharper."""

    shine: float
    gloss: float
    fuzz: float = 0.0  # light caught by fibres at the rim
    mirror: float = 0.0  # reflection of a lamp above and of the dark floor
    bump: float = 0.0  # depth of the texture's relief
    mottle: float = 0.0  # how much the texture lightens and darkens the colour
    texture: Texture | None = None


def grain(x: np.ndarray, y: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return noise(rng, x.shape, 2.2)


def nap(x: np.ndarray, y: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return 0.5 * noise(rng, x.shape, 1.6) + 0.6 * noise(rng, x.shape, 14)


def weave(x: np.ndarray, y: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return np.sin(x * 5.2) * np.sin(y * 5.2) + 0.3 * noise(rng, x.shape, 3)


def twill(x: np.ndarray, y: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    relief: np.ndarray = 0.6 * np.sin((x + y) * 4.4) + 0.5 * noise(rng, x.shape, 2) + 0.9 * noise(rng, x.shape, 22)
    return relief


def stitches(x: np.ndarray, y: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Draw columns of small Vs."""
    column = x * 2.6
    lean = np.abs(column / np.pi % 1 - 0.5)
    relief: np.ndarray = np.sin(y * 3.6 + lean * 5) * 0.7 + np.abs(np.sin(column)) - 0.5
    return relief


def felt(x: np.ndarray, y: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return noise(rng, x.shape, 3.2) + 0.4 * noise(rng, x.shape, 1.5)


def plait(x: np.ndarray, y: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Draw straw, woven over and under."""
    row = np.floor(y / 1.5)
    return np.sin((x + 0.75 * row) * 2 * np.pi / 3) * np.abs(np.sin(y * np.pi / 1.5)) + 0.2 * noise(rng, x.shape, 2)


def brushed(x: np.ndarray, y: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return np.repeat(noise(rng, (x.shape[0], 1), 1.2), x.shape[1], axis=1)


def fine(x: np.ndarray, y: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return noise(rng, x.shape, 1.5)


MATERIALS = {
    "leather": Material(0.30, 22, mirror=0.05, bump=0.05, mottle=0.02, texture=grain),
    "patent": Material(0.75, 90, mirror=0.30),
    "suede": Material(0.03, 4, fuzz=0.22, bump=0.10, mottle=0.10, texture=nap),
    "satin": Material(0.34, 7, mirror=0.10),
    "wool": Material(0.02, 3, fuzz=0.25, bump=0.35, mottle=0.10, texture=felt),
    "metal": Material(0.80, 45, mirror=0.45, bump=0.02, mottle=0.03, texture=brushed),
    "denim": Material(0.03, 4, fuzz=0.05, bump=0.10, mottle=0.13, texture=twill),
    "knit": Material(0.02, 3, fuzz=0.15, bump=0.32, mottle=0.12, texture=stitches),
    "canvas": Material(0.04, 5, fuzz=0.05, bump=0.16, mottle=0.06, texture=weave),
    "cotton": Material(0.03, 4, fuzz=0.08, bump=0.05, mottle=0.03, texture=fine),
    "straw": Material(0.12, 9, bump=0.40, mottle=0.20, texture=plait),
    "rubber": Material(0.12, 10, mirror=0.02),
    "glass": Material(0.6, 60, mirror=0.15),
    "fur": Material(0.02, 3, fuzz=0.45, bump=0.7, mottle=0.12, texture=felt),
}
