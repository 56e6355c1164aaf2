"""Views of a photo: its parts, as a shop's own pictures show products."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice
from typing import Literal, TypeAlias

import numpy as np
from PIL import Image, ImageChops, ImageOps

from ml.data.foreground import FRAME, SIDE, Thing, find_things, frame_mask

Box: TypeAlias = tuple[float, float, float, float]  # left, top, right and bottom, as shares of the photo's sides
Pixels: TypeAlias = tuple[int, int, int, int]
WHOLE: Box = (0.0, 0.0, 1.0, 1.0)
PIXELS = 256  # longest side of a part
MOST_REGIONS = 10
MOST_FRAMES = 3  # pictures within pictures
LEAST_PICTURE = 0.15  # of the photo's sides, that such a picture takes
MOST_SKEW, ASKEW = 24, 0.94  # degrees, and the share of its rectangle that such a picture fills askew
RECTANGLE, EDGE = 0.99, 0.02  # share of a box that a picture fills, and of its sides that is cut off
SCALES = (1.0, 0.85, 0.7)  # of a part in its view: shops leave margins of different width
TURNS = (-90, -60, -30, 30, 60, 90, 120, 180, 240)  # degrees
TINT = 1.8  # between the channels of what may be a white or grey ground in coloured light
BRIGHTEST = 3.0  # times
NEARLY_WHITE, MOSTLY = 235, 0.5  # of 255, and the share of a packshot's edge that is so white

Kind: TypeAlias = Literal["part", "cut", "balanced"]


@dataclass(frozen=True, eq=False)
class Region:
    """A part of a photo that may show a product."""

    box: Box
    part: Image.Image  # with its ground
    cut: Image.Image  # on white
    balanced: Image.Image  # cut, in a light that makes a white or grey ground white

    @property
    def is_uncut(self) -> bool:
        return self.cut is self.part


@dataclass(frozen=True, eq=False)
class View:
    """A way to show a region. scale: its longer side as a share of a white square; None: as it is."""

    region: Region
    kind: Kind = "cut"
    scale: float | None = SCALES[1]
    angle: float = 0.0  # degrees
    mirrored: bool = False

    def draw(self) -> Image.Image:
        image: Image.Image = getattr(self.region, self.kind)
        if self.angle:
            image = turn(image, self.angle)
        if self.scale is not None:
            image = on_white(image, self.scale)
        return ImageOps.mirror(image) if self.mirrored else image


def find_regions(photo: Image.Image) -> list[Region]:
    """Return the parts of a photo that may show a product, each nested one after what it is in.

    A thing that fills its box may be a picture within the photo, and is looked at like a photo of its own, too.
    """
    return list(islice(_regions(photo, photo, (0, 0), MOST_FRAMES), MOST_REGIONS))


def _regions(photo: Image.Image, image: Image.Image, at: tuple[int, int], depth: int) -> Iterator[Region]:
    """Yield the regions of a part of the photo that begins at this pixel."""
    things = find_things(image)
    for thing in things:
        yield region_of(photo, image, at, thing)
    for thing in things:
        if depth and is_picture(thing):
            left, top, right, bottom = inner(thing.box)
            nested, corner = image.crop((left, top, right, bottom)), (at[0] + left, at[1] + top)
            yield whole_region(nested, shares_of((0, 0, *nested.size), corner, photo.size))
            yield from _regions(photo, nested, corner, depth - 1)
        elif depth and (upright := straighten(image, thing)):
            # Boxes in it would be turned in the photo: they are all of the picture.
            box = shares_of(thing.box, at, photo.size)
            yield whole_region(upright, box)
            yield from (replace(region, box=box) for region in _regions(upright, upright, (0, 0), 0))


def region_of(photo: Image.Image, image: Image.Image, at: tuple[int, int], thing: Thing) -> Region:
    mask = Image.fromarray(np.where(thing.mask, 255, 0).astype(np.uint8))
    part = shrink(image.crop(thing.box))
    left, top, right, bottom = (edge * SIDE / side for edge, side in zip(thing.box, image.size * 2, strict=True))
    outline = mask.resize(part.size, Image.Resampling.BILINEAR, box=(left, top, right, bottom))
    white = Image.new("RGB", part.size, "white")
    cut = Image.composite(part, white, outline)
    balanced = Image.composite(balance(part, ground_of(image, thing.mask)), white, outline)
    return Region(shares_of(thing.box, at, photo.size), part, cut, balanced)


def cut_out(image: Image.Image) -> Image.Image:
    """Return the largest thing in a picture on white, in a light that makes the ground white if that may be.

    A picture on white, or of which nothing stands out, is returned as it is.
    """
    if is_on_white(image):
        return image
    things = find_things(image)
    return View(region_of(image, image, (0, 0), things[0]), "balanced").draw() if things else image


def main_part(image: Image.Image) -> Box:
    """Return the part of a picture that `cut_out` takes; all of it where it takes that."""
    things = [] if is_on_white(image) else find_things(image)
    return shares_of(things[0].box, (0, 0), image.size) if things else WHOLE


def crop(image: Image.Image, box: Box) -> Image.Image:
    """Return a part of an image, of at least a pixel."""
    left, top = (min(int(edge * side), side - 1) for edge, side in zip(box[:2], image.size, strict=True))
    right, bottom = (round(edge * side) for edge, side in zip(box[2:], image.size, strict=True))
    return image.crop((left, top, max(right, left + 1), max(bottom, top + 1)))


def is_on_white(image: Image.Image) -> bool:
    """Return whether most of a picture's edge is white, as of a packshot."""
    width, height = image.size
    sides = (0, 0, width, 1), (0, height - 1, width, height), (0, 0, 1, height), (width - 1, 0, width, height)
    edge = np.concatenate([np.asarray(image.crop(side)).reshape(-1, 3) for side in sides])
    return bool((edge.min(axis=1) >= NEARLY_WHITE).mean() > MOSTLY)


def whole_region(image: Image.Image, box: Box = WHOLE) -> Region:
    """Return the region of a photo with nothing cut out."""
    part = shrink(image)
    return Region(box, part, part, part)


def shares_of(box: Pixels, at: tuple[int, int], size: tuple[int, int]) -> Box:
    """Return a box in pixels from a corner as shares of a photo of this width and height."""
    (x, y), (width, height) = at, size
    left, top, right, bottom = box
    return (x + left) / width, (y + top) / height, (x + right) / width, (y + bottom) / height


def shrink(image: Image.Image) -> Image.Image:
    """Return the image with at most PIXELS a side."""
    if max(image.size) <= PIXELS:
        return image
    small = image.copy()
    small.thumbnail((PIXELS, PIXELS), Image.Resampling.BILINEAR)
    return small


def ground_of(image: Image.Image, mask: np.ndarray) -> np.ndarray:
    """Return the colour of the ground at the photo's edge: (3,)."""
    edge = frame_mask(FRAME) & ~mask
    pixels = np.asarray(image.resize((SIDE, SIDE), Image.Resampling.BILINEAR))[edge]
    return np.median(pixels, axis=0) if len(pixels) else np.full(3, 255.0)


def balance(image: Image.Image, ground: np.ndarray) -> Image.Image:
    """Return the image in a light that makes this ground white, if it may be white or grey and not too dark."""
    if ground.max() > TINT * ground.min() or BRIGHTEST * ground.max() < 250:
        return image
    channels = zip(image.split(), (250 / ground).tolist(), strict=True)
    return Image.merge("RGB", [channel.point(lambda level, k=k: min(255, round(level * k))) for channel, k in channels])


def is_picture(thing: Thing) -> bool:
    """Return whether a thing with all that it surrounds is a rectangle."""
    rows, columns = np.flatnonzero(thing.mask.any(axis=1)), np.flatnonzero(thing.mask.any(axis=0))
    left, top, right, bottom = inner((int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1))
    is_large = min(right - left, bottom - top) > LEAST_PICTURE * SIDE
    return is_large and bool(thing.mask[top:bottom, left:right].mean() > RECTANGLE)


def straighten(image: Image.Image, thing: Thing) -> Image.Image | None:
    """Return a picture that lies askew in the photo, such as a print or a screen, upright; None for anything else.

    A picture fills the smallest of the rectangles around it, at some angle.
    """
    scale = np.array(image.size) / SIDE
    rows = np.flatnonzero(thing.mask.any(axis=1))  # of each, the first and the last pixel reach furthest
    ends = thing.mask[rows].argmax(axis=1), SIDE - 1 - thing.mask[rows, ::-1].argmax(axis=1)
    points = np.stack([np.concatenate(ends), np.tile(rows, 2)], axis=1) * scale  # (N, 2): x, y
    extents = {}
    for angle in range(-MOST_SKEW, MOST_SKEW + 1):
        cos, sin = math.cos(math.radians(angle)), math.sin(math.radians(angle))
        turned = points @ np.array([[cos, -sin], [sin, cos]])
        extents[angle] = np.ptp(turned, axis=0) + scale
    angle = min(extents, key=lambda each: float(extents[each].prod()))
    width, height = extents[angle]
    if abs(angle) < 2 or thing.mask.sum() * scale.prod() < ASKEW * width * height:
        return None
    upright = image.crop(thing.box).rotate(angle, Image.Resampling.BICUBIC)
    x, y = upright.width / 2, upright.height / 2
    half = (1 - 2 * EDGE) * width / 2, (1 - 2 * EDGE) * height / 2
    return upright.crop((round(x - half[0]), round(y - half[1]), round(x + half[0]), round(y + half[1])))


def inner(box: Pixels) -> Pixels:
    """Return the box without its edge, which a mask has to a few pixels."""
    left, top, right, bottom = box
    dx, dy = max(1, round(EDGE * (right - left))), max(1, round(EDGE * (bottom - top)))
    return left + dx, top + dy, right - dx, bottom - dy


def on_white(part: Image.Image, scale: float) -> Image.Image:
    """Return a part of a photo in the middle of a white square, of whose side its longer one takes this share."""
    side = round(max(part.size) / scale)
    view = Image.new("RGB", (side, side), "white")
    view.paste(part, ((side - part.width) // 2, (side - part.height) // 2))
    return view


def turn(image: Image.Image, angle: float) -> Image.Image:
    """Return the image turned on white, without the white around it."""
    turned = image.rotate(angle, Image.Resampling.BILINEAR, expand=True, fillcolor="white")
    if angle % 90 == 0:
        return turned
    box = ImageChops.invert(turned).convert("L").point(lambda level: 255 if level > 8 else 0).getbbox()
    return turned.crop(box) if box else turned


def first_views(photo: Image.Image) -> list[View]:
    """Return the views by which the regions of a photo are compared: two of each, and the photo as it is or turned.

    What the photo as it is shows is the largest thing in it.
    """
    regions = find_regions(photo)
    whole = whole_region(photo, regions[0].box if regions else WHOLE)
    as_it_is = [View(whole, "part", None, mirrored=flip) for flip in (False, True)]
    turned = [View(whole, "part", None, angle) for angle in (-90, 90, 180)]
    return [*as_it_is, *turned, *(View(region, kind) for region in regions for kind in ("cut", "part"))]


def more_views(region: Region) -> list[View]:
    """Return the other views of a region: larger, smaller, mirrored, in another light, turned."""
    kinds: tuple[Kind, ...] = ("part",) if region.is_uncut else ("cut", "part")
    mirrored = [View(region, kind, SCALES[1], mirrored=True) for kind in kinds]
    scaled = [
        View(region, kind, scale, mirrored=flip)
        for kind in kinds
        for scale in (SCALES[0], SCALES[2])
        for flip in (False, True)
    ]
    if region.is_uncut:
        return [*mirrored, *scaled]
    balanced = [View(region, "balanced", scale, mirrored=flip) for scale in SCALES[:2] for flip in (False, True)]
    turned = [View(region, "cut", SCALES[1], angle, flip) for angle in TURNS for flip in (False, True)]
    return [*mirrored, *scaled, *balanced, *turned]


def finer_views(view: View) -> list[View]:
    """Return views that differ a little from this one."""
    if view.scale is None:
        return []
    turned = [replace(view, angle=view.angle + angle) for angle in (-15, 15)] if view.kind != "part" else []
    return [*turned, *(replace(view, scale=view.scale * factor) for factor in (0.92, 1.08))]


def overlap(one: Box, other: Box) -> float:
    """Return the area that two boxes share, by the area of both together."""
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    shared = max(width, 0.0) * max(height, 0.0)
    return shared / (area(one) + area(other) - shared)


def area(box: Box) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])
