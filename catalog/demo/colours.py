"""Colours of the drawn products: names for the labels, and the range of shades of each name."""

import colorsys

import numpy as np

# Hue in degrees, saturation and lightness as ranges: each product has its own shade within them.
PALETTE = {
    "black": ((0, 360), (0.00, 0.08), (0.07, 0.13)),
    "white": ((30, 60), (0.00, 0.20), (0.92, 0.96)),
    "grey": ((200, 230), (0.00, 0.08), (0.42, 0.64)),
    "beige": ((30, 40), (0.30, 0.45), (0.70, 0.80)),
    "brown": ((18, 30), (0.45, 0.62), (0.22, 0.34)),
    "tan": ((24, 32), (0.52, 0.66), (0.42, 0.52)),
    "red": ((-8, 4), (0.70, 0.85), (0.36, 0.46)),
    "pink": ((328, 348), (0.55, 0.80), (0.68, 0.80)),
    "orange": ((16, 26), (0.80, 0.92), (0.48, 0.56)),
    "yellow": ((44, 52), (0.80, 0.92), (0.50, 0.60)),
    "green": ((110, 150), (0.32, 0.55), (0.26, 0.38)),
    "teal": ((174, 186), (0.45, 0.65), (0.32, 0.42)),
    "blue": ((208, 220), (0.55, 0.75), (0.46, 0.58)),
    "navy": ((220, 232), (0.45, 0.60), (0.17, 0.23)),
    "purple": ((270, 290), (0.38, 0.55), (0.36, 0.48)),
}
MATERIAL_COLOURS = {
    "denim": ("blue", "navy", "black", "grey", "white"),
    "straw": ("beige", "tan", "brown", "white", "black"),
    "metal": ("grey", "yellow", "black", "white"),
}
ACCENTS = {  # colours of trims that contrast with the main colour
    "black": ("white", "red", "tan", "grey", "yellow"),
    "white": ("black", "navy", "red", "green", "blue", "pink"),
    "grey": ("white", "black", "pink", "yellow", "orange"),
    "beige": ("brown", "black", "white", "navy", "red"),
    "brown": ("beige", "black", "orange", "white"),
    "tan": ("white", "brown", "navy", "black"),
    "red": ("white", "black", "navy", "beige"),
    "pink": ("white", "red", "grey", "purple", "black"),
    "orange": ("white", "navy", "brown", "black"),
    "yellow": ("white", "black", "navy", "grey"),
    "green": ("white", "beige", "black", "yellow"),
    "teal": ("white", "orange", "beige", "black"),
    "blue": ("white", "yellow", "navy", "orange"),
    "navy": ("white", "red", "beige", "yellow"),
    "purple": ("white", "black", "pink", "yellow"),
}


ANIMAL_ACCENTS = {"black": ("tan", "grey"), "navy": ("beige", "grey"), "brown": ("beige",)}  # black for all others


def linear(*channels: float) -> np.ndarray:
    """Return a colour in linear light from its channels in 0 to 1: (3,) float32."""
    return np.array(channels, dtype=np.float32)


def sample_shade(name: str, rng: np.random.Generator) -> np.ndarray:
    """Sample a shade of the named colour: (3,) float32, linear light in 0 to 1."""
    hue, saturation, lightness = (rng.uniform(low, high) for low, high in PALETTE[name])
    shade: np.ndarray = linear(*colorsys.hls_to_rgb(hue % 360 / 360, lightness, saturation)) ** np.float32(2.2)
    return shade
