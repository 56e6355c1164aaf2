"""Statistics of images: six numbers that no label has, and that simulated shoppers have a taste for."""

import numpy as np
from PIL import Image

STATISTICS = ("lightness", "contrast", "colourfulness", "size", "tallness", "busyness")
SIDE = 64
BACKGROUND = 24  # levels within which a pixel is still the border's colour


def measure_image(image: Image.Image) -> np.ndarray:
    """Measure the statistics of one image: (6,) float32, not standardized.

    Of the pixels that differ from the border's colour: mean and standard deviation of their luminance, mean range of
    their channels, their share of the image, the logarithm of height by width, and the mean step to the next pixel.
    """
    pixels = np.asarray(image.convert("RGB").resize((SIDE, SIDE), Image.Resampling.BILINEAR), dtype=np.float32)
    border = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    figure = np.abs(pixels - np.median(border, axis=0)).max(axis=2) > BACKGROUND
    if not figure.any():
        figure[:] = True
    luminance = pixels.mean(axis=2)
    steps = np.abs(np.diff(luminance, axis=1, append=luminance[:, -1:]))
    height, width = (np.ptp(np.flatnonzero(figure.any(axis=axis))) + 1 for axis in (1, 0))
    # The image was stretched to a square: this restores its proportions.
    tallness = np.log(height * image.height / (width * image.width))
    shown = luminance[figure]
    colourful = np.ptp(pixels[figure], axis=1).mean()
    return np.array(
        [shown.mean(), shown.std(), colourful, figure.mean(), tallness, steps[figure].mean()], dtype=np.float32
    )


def standardize(rows: np.ndarray) -> np.ndarray:
    """Scale each column of (I, 6) to mean 0 and standard deviation 1; a constant column becomes 0."""
    spread = rows.std(axis=0)
    scaled: np.ndarray = (rows - rows.mean(axis=0)) / np.where(spread > 1e-6, spread, np.inf)
    return scaled.astype(np.float32)
