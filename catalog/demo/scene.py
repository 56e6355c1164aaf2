"""Scene of one product: the canvas, and the surfaces that its attributes describe."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from catalog.demo.canvas import Canvas, Surface
from catalog.demo.colours import linear, sample_shade
from catalog.demo.patterns import PATTERNS
from catalog.demo.plan import DrawnProduct


@dataclass(frozen=True)
class Scene:
    """Everything that a shape needs to draw one product."""

    canvas: Canvas
    rng: np.random.Generator
    attributes: Mapping[str, str]
    body: Surface  # main colour, material and pattern
    plain: Surface  # the same without the pattern
    trim: Surface  # accent colour
    lining: Surface
    metal: Surface
    sole: Surface

    def sample(self, attribute: str, **ranges: tuple[float, float]) -> float:
        """Sample a number from the range of the attribute's value, which is named without spaces and hyphens."""
        low, high = ranges[self.attributes[attribute].replace(" ", "").replace("-", "")]
        return self.rng.uniform(low, high)

    def uniform(self, low: float, high: float) -> float:
        return self.rng.uniform(low, high)


def build_scene(product: DrawnProduct, rng: np.random.Generator) -> Scene:
    attributes = product.attributes
    colour, accent = sample_shade(attributes["colour"], rng), sample_shade(attributes["accent"], rng)
    if attributes["material"] == "metal":
        colour = 0.7 * colour + 0.2 * colour.mean()  # duller than paint: brass, not yellow
    plain = Surface(attributes["material"], colour)
    body = plain
    if attributes["pattern"] != "plain":
        size, angle = rng.uniform(5.5, 9), rng.normal(0, 0.08)
        pattern = PATTERNS[attributes["pattern"]](size, angle, rng.uniform(0.38, 0.58))
        body = replace(plain, accent=accent, pattern=pattern)
    metals = ((0.62, 0.60, 0.58), (0.66, 0.46, 0.16), (0.20, 0.19, 0.19))
    soles = ("black", "brown", "tan", "beige", "white")
    lining = sample_shade("beige" if attributes["colour"] != "beige" else "white", rng) * np.float32(0.8)
    return Scene(
        canvas=Canvas(rng),
        rng=rng,
        attributes=attributes,
        body=body,
        plain=plain,
        trim=Surface("leather", accent),
        lining=Surface("cotton", lining),
        metal=Surface("metal", linear(*metals[rng.integers(len(metals))])),
        sole=Surface("rubber", sample_shade(soles[rng.integers(len(soles))], rng)),
    )
