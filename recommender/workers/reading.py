"""Images' files read in batches, each reading recorded: what cannot be read is set aside. Workers only."""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np

from catalog import readings
from catalog.models import ProductImage
from ml.data.decoding import Part
from ml.data.reader_process import read_apart
from ml.errors import UnreadableImage
from ml.nn.inference import decode_ahead
from recommender.workers.stalls import Watch

Read = tuple[list[ProductImage], np.ndarray]  # images and their pixels, (B, H, W, 3)


def read_batches(
    batches: Iterable[list[ProductImage]], size: tuple[int, int], threads: int | None = None
) -> Iterator[Read]:
    """Yield those images of each batch that can be read; the next batch is decoded while the former is used.

    The others are set aside, and those that are being read already, or whose readers died, are left to read_suspects.
    The process ends if an image never ends to be read.
    size: (H, W) of the pixels. threads: see decode_ahead.
    """
    waiting: deque[list[ProductImage]] = deque()

    def files() -> Iterator[list[Path | Part]]:
        for batch in batches:
            begun = readings.begin([image.pk for image in batch])
            waiting.append([image for image in batch if image.pk in begun])
            yield [source_of(image) for image in waiting[-1]]

    # No limit of pixels: the shop has checked VISREC_MAX_IMAGE_PIXELS, and a lower value now must not lose old images.
    with Watch() as watch:
        for decoded in decode_ahead(files(), size, most_pixels=None, threads=threads, watch=watch.each):
            yield settle(waiting.popleft(), decoded, size)


def read_suspects(images: Sequence[ProductImage], size: tuple[int, int]) -> Iterator[Read]:
    """Yield each image that can be read as a batch of its own, read by a process that it may kill."""
    files = [source_of(image) for image in images]
    for image, decoded in zip(images, read_apart(files, size), strict=True):
        yield settle([image], [decoded], size)


def source_of(image: ProductImage) -> Path | Part:
    """Return the file of an image, or the part of it that models look at where somebody chose one."""
    file = Path(image.file.path)
    if image.part is None:
        return file
    left, top, right, bottom = image.part
    return Part(file, (left, top, right, bottom))


def settle(
    images: Sequence[ProductImage], decoded: Sequence[np.ndarray | UnreadableImage], size: tuple[int, int]
) -> Read:
    """Record the outcome of readings: set aside the images that could not be read, and return the others."""
    problems = {
        image.pk: f"cannot be read: {result}"
        for image, result in zip(images, decoded, strict=True)
        if isinstance(result, UnreadableImage)
    }
    readings.set_aside(problems)
    readings.end([image.pk for image in images])
    pixels = [result for result in decoded if isinstance(result, np.ndarray)]
    stacked = np.stack(pixels) if pixels else np.empty((0, *size, 3), dtype=np.uint8)
    return [image for image in images if image.pk not in problems], stacked
