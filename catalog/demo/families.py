"""Categories of the demo shop: materials, patterns, proportions and prices of each."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Family:
    """A category. Weights need not sum to one; a value of each trait is sampled uniformly."""

    category: str
    noun: str
    share: float
    price: tuple[float, float]  # in the shop's currency, before the material's factor
    materials: Mapping[str, float]
    patterns: Mapping[str, float]
    traits: Mapping[str, tuple[str, ...]]


MATERIAL_PRICE = {
    "leather": 1.25,
    "patent": 1.2,
    "suede": 1.2,
    "satin": 1.1,
    "wool": 1.15,
    "metal": 1.4,
    "denim": 1.0,
    "knit": 0.95,
    "canvas": 0.8,
    "cotton": 0.85,
    "straw": 0.75,
    "rubber": 0.7,
}

FAMILIES = (
    Family(
        "heels",
        "pumps",
        1.2,
        (49, 139),
        {"leather": 3, "patent": 3, "suede": 3, "satin": 2},
        {"plain": 8, "animal": 1, "dots": 1},
        {
            "heel": ("kitten", "mid", "high"),
            "shape": ("stiletto", "block"),
            "toe": ("pointed", "round"),
            "strap": ("none", "ankle", "t-bar"),
        },
    ),
    Family(
        "sandals",
        "sandals",
        1.1,
        (29, 99),
        {"leather": 4, "suede": 2, "satin": 1, "rubber": 1},
        {"plain": 8, "animal": 1},
        {"heel": ("flat", "wedge", "platform"), "strap": ("crossed", "bands", "gladiator", "thong")},
    ),
    Family(
        "sports",
        "trainers",
        1.3,
        (49, 149),
        {"canvas": 3, "knit": 3, "leather": 3, "suede": 1},
        {"plain": 8, "checks": 1, "camouflage": 1},
        {"sole": ("thin", "chunky"), "shaft": ("low", "high"), "trim": ("bars", "wave", "star", "none")},
    ),
    Family(
        "boots",
        "ankle boots",
        1.1,
        (69, 189),
        {"leather": 5, "suede": 4, "patent": 1},
        {"plain": 9, "animal": 1},
        {
            "heel": ("flat", "block", "cuban"),
            "closure": ("laces", "zip", "elastic", "buckle"),
            "toe": ("pointed", "round"),
        },
    ),
    Family(
        "high boots",
        "high boots",
        1.0,
        (99, 249),
        {"leather": 5, "suede": 4, "patent": 1, "rubber": 1},
        {"plain": 9, "animal": 1},
        {
            "shaft": ("calf", "knee", "over-knee"),
            "heel": ("flat", "block", "stiletto"),
            "closure": ("plain", "zip", "buckle"),
        },
    ),
    Family(
        "loafers",
        "loafers",
        1.0,
        (59, 159),
        {"leather": 5, "suede": 4, "patent": 1},
        {"plain": 9, "animal": 1},
        {"sole": ("thin", "chunky"), "trim": ("penny", "tassel", "bit", "none")},
    ),
    Family(
        "slippers",
        "slippers",
        0.9,
        (15, 49),
        {"wool": 4, "knit": 2, "suede": 2, "cotton": 2},
        {"plain": 5, "checks": 2, "dots": 1, "stripes": 1, "zigzag": 1},
        {"shape": ("open", "closed", "bootie"), "trim": ("fluffy", "pompon", "none")},
    ),
    Family(
        "flats",
        "ballet flats",
        1.0,
        (29, 89),
        {"leather": 4, "patent": 2, "suede": 3, "satin": 1},
        {"plain": 7, "dots": 1, "animal": 1, "stripes": 1},
        {"toe": ("pointed", "round"), "trim": ("bow", "strap", "buckle", "none")},
    ),
    Family(
        "bags",
        "bag",
        1.2,
        (39, 199),
        {"leather": 5, "suede": 2, "canvas": 2, "patent": 1, "straw": 1},
        {"plain": 6, "stripes": 1, "checks": 1, "animal": 1, "floral": 1},
        {"shape": ("tote", "satchel", "hobo", "backpack", "clutch"), "trim": ("buckle", "tassel", "none")},
    ),
    Family(
        "tops",
        "top",
        1.3,
        (15, 69),
        {"cotton": 5, "knit": 3, "satin": 2},
        {"plain": 4, "stripes": 2, "dots": 1, "checks": 1, "floral": 1, "zigzag": 1},
        {
            "sleeve": ("sleeveless", "short", "long"),
            "neckline": ("round", "v", "collar", "roll"),
            "length": ("cropped", "regular", "long"),
        },
    ),
    Family(
        "dresses",
        "dress",
        1.3,
        (39, 149),
        {"cotton": 4, "satin": 3, "knit": 2, "denim": 1},
        {"plain": 4, "floral": 3, "dots": 2, "stripes": 1, "checks": 1, "zigzag": 1, "animal": 1},
        {
            "length": ("mini", "midi", "maxi"),
            "sleeve": ("sleeveless", "short", "long"),
            "neckline": ("round", "v"),
            "shape": ("fitted", "flared"),
        },
    ),
    Family(
        "trousers",
        "trousers",
        1.1,
        (29, 99),
        {"denim": 5, "cotton": 4, "wool": 2, "leather": 1},
        {"plain": 7, "checks": 1, "stripes": 1, "camouflage": 1},
        {"cut": ("skinny", "straight", "wide"), "length": ("shorts", "cropped", "full")},
    ),
    Family(
        "hats",
        "hat",
        0.9,
        (15, 69),
        {"wool": 3, "cotton": 3, "straw": 3, "knit": 3, "suede": 1},
        {"plain": 6, "stripes": 1, "checks": 1, "zigzag": 1, "camouflage": 1},
        {"shape": ("cap", "beanie", "fedora", "sun hat", "bucket")},
    ),
    Family(
        "watches",
        "watch",
        0.9,
        (59, 299),
        {"leather": 4, "metal": 4, "rubber": 2},
        {"plain": 1},
        {"shape": ("round", "square"), "dial": ("white", "black", "blue"), "size": ("small", "large")},
    ),
)
