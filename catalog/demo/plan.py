"""Plan of the demo shop's products, before any of them is drawn."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np

from catalog.demo.colours import ACCENTS, ANIMAL_ACCENTS, MATERIAL_COLOURS, PALETTE
from catalog.demo.families import FAMILIES, MATERIAL_PRICE, Family

# fmt: off
NAMES = [
    "Alba", "Arlo", "Aster", "Birch", "Calla", "Cedar", "Clover", "Dahlia", "Ember", "Fern", "Flint", "Hazel", "Iris",
    "Juno", "Kite", "Lark", "Luna", "Maple", "Mira", "Nova", "Oak", "Olive", "Onyx", "Orla", "Pearl", "Piper",
    "Quill", "Reed", "Rowan", "Sable", "Sage", "Sienna", "Sol", "Tansy", "Thea", "Vale", "Wren", "Yarrow",
]
# fmt: on
WORD = {"dots": "dotted", "stripes": "striped", "checks": "checked", "animal": "leopard", "camouflage": "camo"}
NOUNS = {"tote", "satchel", "backpack", "clutch", "cap", "beanie", "fedora", "sun hat"}  # shapes that are nouns


@dataclass(frozen=True)
class DrawnProduct:
    """A product of the demo shop; its attributes are what its image shows."""

    sku: str
    title: str
    category: str
    price: Decimal
    attributes: dict[str, str]


def plan_catalog(products: int = 1200, seed: int = 0) -> list[DrawnProduct]:
    """Plan products, with categories interleaved so that any prefix that is long enough has all of them.

    Raises ValueError for fewer than one product.
    """
    if products < 1:
        raise ValueError(f"a catalogue of {products} products")
    return [_plan(family, index, seed) for index, family in enumerate(_families(products, seed))]


def _families(products: int, seed: int) -> list[Family]:
    """Choose a family for each product, in the order of the catalogue."""
    rng = np.random.default_rng([seed, 0])
    shares = np.array([family.share for family in FAMILIES])
    chosen: list[Family] = []
    taken = np.zeros(len(FAMILIES))
    noise = rng.uniform(0, 0.5, size=(products, len(FAMILIES)))
    for row in noise:
        # The family furthest behind its share is next; the noise keeps the order from repeating.
        behind = int(np.argmin((taken + row) / shares))
        taken[behind] += 1
        chosen.append(FAMILIES[behind])
    return chosen


def _plan(family: Family, index: int, seed: int) -> DrawnProduct:
    rng = np.random.default_rng([seed, 1, index])
    material = _weighted(family.materials, rng)
    colour = _one(MATERIAL_COLOURS.get(material, tuple(PALETTE)), rng)
    pattern = _weighted(family.patterns, rng)
    traits = {name: _one(words, rng) for name, words in family.traits.items()}
    attributes = {
        "colour": colour,
        "accent": _one(ANIMAL_ACCENTS.get(colour, ("black",)) if pattern == "animal" else ACCENTS[colour], rng),
        "pattern": pattern,
        "material": material,
        **traits,
    }
    low, high = family.price
    amount = rng.triangular(low, low + 0.3 * (high - low), high) * MATERIAL_PRICE[material]
    return DrawnProduct(
        sku=f"VR{index + 1:05d}",
        title=_title(family, attributes, rng),
        category=family.category,
        price=Decimal(round(amount)) - Decimal("0.05"),
        attributes=attributes,
    )


def _title(family: Family, attributes: Mapping[str, str], rng: np.random.Generator) -> str:
    pattern = attributes["pattern"]
    words = [_one(NAMES, rng), attributes["colour"]]
    if pattern != "plain":
        words.append(WORD.get(pattern, pattern))
    words.append(attributes["material"])
    if family.category in ("bags", "hats"):
        words.append(attributes["shape"])
        if attributes["shape"] in NOUNS:
            return " ".join(words)
    if attributes.get("length") == "shorts":
        return " ".join([*words, "shorts"])
    if attributes.get("length", "full") not in ("full", "regular"):
        words.append(attributes["length"])
    return " ".join([*words, family.noun])


def _weighted(weights: Mapping[str, float], rng: np.random.Generator) -> str:
    shares = np.array(list(weights.values()), dtype=float)
    return str(rng.choice(list(weights), p=shares / shares.sum()))


def _one(words: Sequence[str], rng: np.random.Generator) -> str:
    return words[int(rng.integers(len(words)))]
