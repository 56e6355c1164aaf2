"""Indices spread evenly over a sequence."""

import numpy as np


def pick_evenly(count: int, most: int) -> list[int]:
    """Return at most `most` indices of a sequence of length `count`, evenly spaced and ascending, the last among them.

    The first is among them too where there are two or more.
    """
    return sorted({round(position) for position in np.linspace(count - 1, 0, min(count, most)).tolist()})
