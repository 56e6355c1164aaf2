"""What only a picture shows: six statistics that no label tells, and that people have a taste for."""

import numpy as np
from PIL import Image

LOOKS = ("lightness", "contrast", "colourfulness", "size", "tallness", "busyness")
SIDE = 64
BACKGROUND = 24  # levels within which a pixel is still the border's colour


def looks(image: Image.Image) -> np.ndarray:
    """(6,) float32 of one picture, not yet on any common scale.

    Of what differs from the border's colour: mean and spread of its luminance, how far its channels lie apart, the
    share of the frame it takes, the logarithm of height by width, and the mean step between neighbouring pixels.
    """
    pixels = np.asarray(image.convert("RGB").resize((SIDE, SIDE), Image.Resampling.BILINEAR), dtype=np.float32)
    border = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    figure = np.abs(pixels - np.median(border, axis=0)).max(axis=2) > BACKGROUND
    if not figure.any():
        figure[:] = True
    luminance = pixels.mean(axis=2)
    steps = np.abs(np.diff(luminance, axis=1, append=luminance[:, -1:]))
    height, width = (np.ptp(np.flatnonzero(figure.any(axis=axis))) + 1 for axis in (1, 0))
    # The picture is stretched to a square: its own proportions come back here.
    tallness = np.log(height * image.height / (width * image.width))
    shown = luminance[figure]
    colourful = np.ptp(pixels[figure], axis=1).mean()
    return np.array(
        [shown.mean(), shown.std(), colourful, figure.mean(), tallness, steps[figure].mean()], dtype=np.float32
    )


def standardised(rows: np.ndarray) -> np.ndarray:
    """(I, 6) with mean 0 and standard deviation 1 in each column; a column that is the same for all is 0."""
    spread = rows.std(axis=0)
    return ((rows - rows.mean(axis=0)) / np.where(spread > 1e-6, spread, np.inf)).astype(np.float32)
