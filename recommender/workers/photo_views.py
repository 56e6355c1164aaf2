"""Views of a visitor's photo: as it is, and its foreground as the shop's own pictures show products."""

import numpy as np
from PIL import Image, ImageFilter, ImageOps

SIDE = 96  # pixels of the mask
LEAST, MOST = 0.01, 0.98  # share of the photo that a foreground covers
SCALES = (1.0, 0.85, 0.7)  # of the foreground in its view: shops leave margins of different width
MOST_FRAMES = 3  # pictures within pictures
RECTANGLE, EDGE = 0.99, 0.02  # share of a box that a picture fills, and of its sides that is cut off
TURNS = (Image.Transpose.ROTATE_90, Image.Transpose.ROTATE_270)
NEAREST = 18.0  # levels by which a foreground differs from the ground at least


def find_foreground(image: Image.Image) -> tuple[Image.Image, tuple[int, int, int, int]] | None:
    """Return the mask of what stands out from the ground at the photo's edge, and its box; None without any.

    The ground is what has the colours of the edge. Of several things the largest counts.
    """
    small = image.resize((SIDE, SIDE), Image.Resampling.BILINEAR).filter(ImageFilter.MedianFilter(3))
    pixels = np.asarray(small, dtype=np.float32)
    sides = (pixels[:2], pixels[-2:], pixels[:, :2], pixels[:, -2:])
    edge = np.concatenate([side.reshape(-1, 3) for side in sides])
    ground = np.median(edge, axis=0)
    spread = np.median(np.abs(edge - ground).max(axis=1))
    mask = np.abs(pixels - ground).max(axis=2) > NEAREST + 3 * spread
    labels = label(mask)
    sizes = np.bincount(labels.ravel())[1:]
    if not len(sizes) or not LEAST <= sizes.max() / SIDE**2 <= MOST:
        return None
    found = labels == 1 + np.argmax(sizes)
    rows, columns = np.flatnonzero(found.any(axis=1)), np.flatnonzero(found.any(axis=0))
    w, h = image.size
    box = (
        int(columns[0] * w / SIDE), int(rows[0] * h / SIDE),
        int(np.ceil((columns[-1] + 1) * w / SIDE)), int(np.ceil((rows[-1] + 1) * h / SIDE)),
    )  # fmt: skip
    return Image.fromarray(np.where(found, 255, 0).astype(np.uint8)).resize(image.size, Image.Resampling.BILINEAR), box


def views(image: Image.Image) -> list[Image.Image]:
    """Return the photo's views: as it is, and its foreground in several sizes; each mirrored, too, some turned.

    A foreground that fills its box may be a picture within the photo, and is looked at like a photo of its own, too.
    """
    plain, turned = [image], list[Image.Image]()
    for _ in range(MOST_FRAMES):
        found = find_foreground(image)
        if found is None:
            break
        mask, box = found
        filled = fill_holes(mask)
        cut = Image.composite(image, Image.new("RGB", image.size, "white"), filled)
        parts = [image.crop(box), cut.crop(box)]
        plain += [on_white(part, scale) for scale in SCALES for part in parts]
        turned += [on_white(part, SCALES[1]).transpose(turn) for part in parts for turn in TURNS]
        if not is_picture(filled, box):
            break
        image = image.crop(inner(box))
        plain.append(image)
    return [*plain, *(ImageOps.mirror(view) for view in plain), *turned]


def is_picture(filled: Image.Image, box: tuple[int, int, int, int]) -> bool:
    """Return whether a foreground with all that it surrounds is a rectangle."""
    return bool((np.asarray(filled.crop(inner(box))) > 127).mean() > RECTANGLE)


def inner(box: tuple[int, int, int, int]) -> tuple[int, int, int, int]:
    """Return the box without its edge, which the mask has to a few pixels."""
    left, top, right, bottom = box
    dx, dy = max(1, round(EDGE * (right - left))), max(1, round(EDGE * (bottom - top)))
    return left + dx, top + dy, right - dx, bottom - dy


def on_white(part: Image.Image, scale: float) -> Image.Image:
    """Return a part of a photo in the middle of a white square, of whose side its longer one takes this share."""
    side = round(max(part.size) / scale)
    view = Image.new("RGB", (side, side), "white")
    view.paste(part, ((side - part.width) // 2, (side - part.height) // 2))
    return view


def fill_holes(mask: Image.Image) -> Image.Image:
    """Return the mask with what it surrounds."""
    labels = label(np.pad(np.asarray(mask) <= 127, 1, constant_values=True))
    return Image.fromarray(np.where(labels == labels[0, 0], 0, 255).astype(np.uint8)[1:-1, 1:-1])


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
