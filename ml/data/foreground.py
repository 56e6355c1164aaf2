"""Foregrounds of photos: the things that stand out from the ground, which is what the photo's edge shows."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np
from PIL import Image, ImageFilter

SIDE = 128  # pixels of a mask
LEAST, MOST = 0.01, 0.98  # share of the photo that a thing covers
SMALLEST = 0.1  # of the largest thing, that another one has at least
MOST_THINGS = 4  # of a mask
NEAREST = 18.0  # levels by which a thing differs from a smooth ground at least
BINS = 16  # of each channel of YCbCr
FRAME = SIDE // 16  # pixels of the edge that show a ground of many colours
COMMONER = 1.0  # logarithm of how much commoner a colour is inside than in the frame, in a thing
SAME = 0.85  # share of two masks, by their union, from which they are the same thing


@dataclass(frozen=True)
class Thing:
    """Connected part of a photo that stands out.

    mask: bool (SIDE, SIDE), with what it surrounds. box: in pixels of the photo.
    """

    mask: np.ndarray
    box: tuple[int, int, int, int]


def find_things(image: Image.Image) -> list[Thing]:
    """Return what stands out from the ground, the largest first; several things also as one.

    The ground is seen in two ways, as one is wrong where the other is right: as a colour that changes smoothly, such as
    a wall in the light of a lamp, and as all colours that the edge has more of than the inside, such as a carpet.
    """
    small = image.resize((SIDE, SIDE), Image.Resampling.BILINEAR).filter(ImageFilter.MedianFilter(3))
    things: list[Thing] = []
    for found in (differs_from_smooth(small), differs_in_colour(small)):
        for mask in split(found):
            thing = Thing(mask, box_of(mask, image.size))
            if not any(is_same(thing, other) for other in things):
                things.append(thing)
    return sorted(things, key=lambda thing: -int(thing.mask.sum()))


def is_same(one: Thing, other: Thing) -> bool:
    """Return whether two things cover nearly the same pixels, and have nearly the same box."""
    reach = max(abs(a - b) for a, b in zip(one.box, other.box, strict=True))
    shared, all_of_both = (one.mask & other.mask).sum(), (one.mask | other.mask).sum()
    return bool(shared > SAME * all_of_both) and reach <= (1 - SAME) * max(one.box[2:])


def differs_from_smooth(image: Image.Image) -> np.ndarray:
    """Return where a photo differs from a ground whose colour changes smoothly: bool (SIDE, SIDE).

    The ground is a quadratic function of the place, fitted to the edge without what differs from most of it.
    """
    pixels = np.asarray(image, dtype=np.float64)
    terms = ground_terms()
    frame = frame_mask(2).ravel()
    edge, known = pixels.reshape(-1, 3)[frame], terms[frame]
    deviation = np.abs(edge - np.median(edge, axis=0)).max(axis=1)
    for _ in range(4):
        inliers = deviation <= max(NEAREST, 3 * float(np.median(deviation)))
        # A little ridge: where the edge is hidden on two sides it does not say how the ground goes on between them.
        ridge = 0.01 * inliers.sum() * np.diag([0, 1, 1, 1, 1, 1])
        fitted = np.linalg.solve(known[inliers].T @ known[inliers] + ridge, known[inliers].T @ edge[inliers])
        deviation = np.abs(edge - known @ fitted).max(axis=1)
    difference = np.abs(pixels - (terms @ fitted).reshape(pixels.shape)).max(axis=2)
    return np.asarray(difference > NEAREST + 3 * np.median(deviation))


@cache
def ground_terms() -> np.ndarray:
    """Return the terms of a quadratic function of the place of each pixel: (SIDE², 6)."""
    y, x = (axis.ravel() for axis in np.mgrid[-1 : 1 : SIDE * 1j, -1 : 1 : SIDE * 1j])
    return np.stack([np.ones_like(x), x, y, x * y, x * x, y * y], axis=1)


def differs_in_colour(image: Image.Image) -> np.ndarray:
    """Return where the colours of a photo are commoner inside than at its edge: bool (SIDE, SIDE)."""
    binned = np.asarray(image.convert("YCbCr"), dtype=np.intp)
    chroma = ((binned[..., 1:] - 128) // 6 + BINS // 2).clip(0, BINS - 1)  # most colours are near to grey
    index = (binned[..., 0] * BINS // 256 * BINS + chroma[..., 0]) * BINS + chroma[..., 1]
    frame = frame_mask(FRAME)
    inside, edge = (shares(index[part]) for part in (~frame, frame))
    score = np.log(inside / edge)[index]
    return smooth(score) > COMMONER


def shares(index: np.ndarray) -> np.ndarray:
    """Return the share of each colour, a little of it counted for those beside it: (BINS³,), all above 0."""
    counts = np.bincount(index, minlength=BINS**3).reshape(BINS, BINS, BINS) / len(index)
    for axis in range(3):
        padded = np.pad(counts, [(1, 1) if each == axis else (0, 0) for each in range(3)])
        counts = 0.5 * counts + 0.25 * (padded.take(range(BINS), axis) + padded.take(range(2, BINS + 2), axis))
    return np.asarray(counts.ravel() + 1e-4)


def smooth(values: np.ndarray, reach: int = 2) -> np.ndarray:
    """Return the mean of each value and those up to `reach` beside it: (H, W)."""
    for axis in (0, 1):
        padded = np.pad(values, [(reach, reach) if each == axis else (0, 0) for each in (0, 1)], mode="edge")
        values = np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1, axis).mean(axis=-1)
    return np.asarray(values)


def frame_mask(width: int) -> np.ndarray:
    """Return the pixels this near to the edge: bool (SIDE, SIDE)."""
    mask = np.ones((SIDE, SIDE), dtype=bool)
    mask[width:-width, width:-width] = False
    return mask


def split(mask: np.ndarray) -> Iterator[np.ndarray]:
    """Yield the things of a mask, and all of them as one where there are several; none that is too small or large."""
    labels = label(mask)
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0
    least = max(LEAST * mask.size, SMALLEST * sizes.max())
    things = [number for number in np.argsort(-sizes)[:MOST_THINGS] if sizes[number] >= least]
    for numbers in [[number] for number in things] + ([things] if len(things) > 1 else []):
        found = fill_holes(np.isin(labels, numbers))
        if found.mean() <= MOST:
            yield found


def box_of(mask: np.ndarray, size: tuple[int, int]) -> tuple[int, int, int, int]:
    """Return the box of a mask in an image of this width and height."""
    (width, height), side = size, len(mask)
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return (
        int(columns[0] * width / side), int(rows[0] * height / side),
        int(np.ceil((columns[-1] + 1) * width / side)), int(np.ceil((rows[-1] + 1) * height / side)),
    )  # fmt: skip


def fill_holes(mask: np.ndarray) -> np.ndarray:
    """Return the mask with what it surrounds."""
    labels = label(np.pad(~mask, 1, constant_values=True))
    return np.asarray(labels != labels[0, 0])[1:-1, 1:-1]


def label(mask: np.ndarray) -> np.ndarray:
    """Return the number of the component of each pixel, (H, W): 1 and on, 0 outside of the mask.

    Pixels that share a side are of one component. By runs of pixels in a row: an image has a few hundred of them.
    """
    height, width = mask.shape
    stride = width + 1  # a column of False: no run goes on in the next row
    inside = np.pad(mask, ((0, 0), (0, 1))).ravel()
    steps = np.diff(inside.astype(np.int8), prepend=0)
    begins, ends = np.flatnonzero(steps == 1), np.flatnonzero(steps == -1)
    # Of the row above, a run touches those that end after its begin and begin before its end.
    first = np.searchsorted(ends, begins - stride, side="right")
    last = np.searchsorted(begins, ends - stride, side="left")
    roots = list(range(len(begins)))
    for run in np.flatnonzero(last > first):
        for above in range(first[run], last[run]):
            a, b = find_root(roots, int(run)), find_root(roots, above)
            roots[max(a, b)] = min(a, b)
    found = np.array([find_root(roots, run) for run in range(len(roots))], dtype=np.intp)
    _, components = np.unique(found, return_inverse=True)
    labels = np.zeros(height * stride, dtype=np.intp)
    labels[inside] = np.repeat(components + 1, ends - begins)
    return labels.reshape(height, stride)[:, :width]


def find_root(roots: list[int], run: int) -> int:
    """Return the first run of the component, as far as it is known; the way to it is made shorter."""
    while roots[run] != run:
        roots[run] = run = roots[roots[run]]
    return run
