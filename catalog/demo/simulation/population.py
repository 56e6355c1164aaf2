"""Populations of simulated shoppers: their number, how many products they take, and the strength of their tastes."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace


@dataclass(frozen=True)
class Trait:
    """Strength of the tastes for a label, in logits."""

    strength: float  # standard deviation of the tastes for its values; of a match, the bonus for a value that fits
    rank: int = 4  # of the part that has most of the tastes' variance
    match: bool = False  # a shopper has one value, and prefers products of that value or for all


DRAWN = {
    "gender": Trait(2.8),
    "category": Trait(2.5),
    "articleType": Trait(2.5),
    "colour": Trait(2.1),
    "baseColour": Trait(2.1),
    "pattern": Trait(1.4),
    "material": Trait(1.0),
    "usage": Trait(0.8),
    "subCategory": Trait(0.8),
    "masterCategory": Trait(0.8),
}

REAL = {
    "gender": Trait(2.5, match=True),
    "category": Trait(1.8),
    "articleType": Trait(1.8),
    "colour": Trait(1.2),
    "baseColour": Trait(1.2),
    "usage": Trait(0.6, rank=2),
    "brand": Trait(0.6),
}


@dataclass(frozen=True)
class Population:
    """A population, each of whose shoppers takes min(fewest + Geometric(mean more), most) products in a year."""

    shoppers: int = 300
    fewest: int = 8
    more: float = 24
    most: int = 75
    traits: Mapping[str, Trait] = field(default_factory=lambda: DRAWN)
    other: float = 0.5  # the strength of a label that is not among the traits; 0: nobody has a taste for it
    image_taste: float = 0.0  # the strength of the taste for image_statistics, all six together
    appeal: float = 0.6  # the standard deviation of a product's appeal to all, exponential: few products are hits
    cold_share: float = 0.2
    arrivals: int = 0  # how many of a shopper's last products may be cold; 0: nobody takes a cold one
    drift: float = 0.0  # radians by which all tastes but matches turn in the year

    def __post_init__(self) -> None:
        if self.shoppers < 1 or not 0 <= self.cold_share < 1 or not math.isfinite(self.drift):
            raise ValueError(f"{self.shoppers} shoppers, a cold share of {self.cold_share}, a drift of {self.drift}")


# The drawn shop has few shoppers, so their tastes are strong. Large catalogues have many, with weaker tastes.
FEW = Population()
MANY = Population(
    shoppers=5000, more=17, most=60, traits=REAL, other=0.0, image_taste=0.9, appeal=0.6, arrivals=2, drift=0.25
)
# Over a shop's own products: few shoppers, with the tastes of MANY, images among them. Nobody takes a cold product.
SHOP = replace(MANY, shoppers=FEW.shoppers, arrivals=0)
