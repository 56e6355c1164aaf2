"""What a product's words mean to the hand that draws it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from catalog.demo.colours import shade
from catalog.demo.patterns import PATTERNS
from catalog.demo.plan import DrawnProduct
from catalog.demo.studio import Studio, Surface


@dataclass(frozen=True)
class Look:
    """The table, the product's own dice, its words and its surfaces."""

    studio: Studio
    rng: np.random.Generator
    words: Mapping[str, str]
    body: Surface  # main colour, material and print
    plain: Surface  # the same without the print
    trim: Surface  # accent colour
    lining: Surface
    metal: Surface
    sole: Surface

    def amount(self, word: str, **ranges: tuple[float, float]) -> float:
        """A number from the range that belongs to the product's value of `word`, spaces and hyphens left out."""
        low, high = ranges[self.words[word].replace(" ", "").replace("-", "")]
        return self.rng.uniform(low, high)

    def vary(self, low: float, high: float) -> float:
        return self.rng.uniform(low, high)


def look_of(product: DrawnProduct, rng: np.random.Generator) -> Look:
    words = product.attributes
    colour, accent = shade(words["colour"], rng), shade(words["accent"], rng)
    if words["material"] == "metal":
        colour = 0.7 * colour + 0.2 * colour.mean()  # duller than paint: brass, not yellow
    plain = Surface(words["material"], colour)
    body = plain
    if words["pattern"] != "plain":
        size, angle = rng.uniform(5.5, 9), rng.normal(0, 0.08)
        pattern = PATTERNS[words["pattern"]](size, angle, rng.uniform(0.38, 0.58))
        body = replace(plain, accent=accent, pattern=pattern)
    metals = ((0.62, 0.60, 0.58), (0.66, 0.46, 0.16), (0.20, 0.19, 0.19))
    soles = ("black", "brown", "tan", "beige", "white")
    return Look(
        studio=Studio(rng),
        rng=rng,
        words=words,
        body=body,
        plain=plain,
        trim=Surface("leather", accent),
        lining=Surface("cotton", shade("beige" if words["colour"] != "beige" else "white", rng) * np.float32(0.8)),
        metal=Surface("metal", np.float32(metals[rng.integers(len(metals))])),
        sole=Surface("rubber", shade(soles[rng.integers(len(soles))], rng)),
    )
