"""Sheets of images for people to look at: those that a model generates after each epoch of its training, and others."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from recommender.models import ModelVersion

COLUMNS = 12
GAP = 2  # pixels between two images
MOST_LISTED = 12
LEAST_SIDE = 64  # smaller images are enlarged by a whole number

PER_ROW, TILE, MARGIN, LINE = 4, 192, 12, 24  # of images with captions; the last three in pixels


def file_of(version: ModelVersion, epoch: int) -> Path:
    """Return the path of the sheet of an epoch."""
    return version.folder / "sheets" / f"epoch-{epoch:05}.webp"


def epochs(version: ModelVersion) -> list[int]:
    """Return the epochs that have a sheet, in order."""
    return sorted(int(file.stem.removeprefix("epoch-")) for file in version.folder.glob("sheets/epoch-*.webp"))


def few_epochs(version: ModelVersion) -> list[int]:
    """Return at most a dozen of the epochs that have a sheet, evenly spread, the newest first."""
    found = epochs(version)
    return [found[index] for index in reversed(evenly_spaced(len(found), MOST_LISTED))]


def evenly_spaced(count: int, most: int) -> list[int]:
    """Return at most `most` of range(count), evenly spread, the first and the last among them; in order."""
    return sorted({round(index) for index in np.linspace(count - 1, 0, min(count, most))})


def save_sheet(version: ModelVersion, epoch: int, images: np.ndarray) -> None:
    """Save the sheet of an epoch. images: (N, H, W, 3) uint8, row by row."""
    file = file_of(version, epoch)
    file.parent.mkdir(exist_ok=True)
    partial = file.with_suffix(".partial")
    draw_sheet(images).save(partial, "WEBP", quality=90)  # a sixth of a PNG
    partial.replace(file)


def draw_captioned(files: Sequence[Path], captions: Sequence[str]) -> Image.Image:
    """Draw a sheet of images, each with a caption below it."""
    rows = -(-len(files) // PER_ROW)
    across, down = TILE + 2 * MARGIN, TILE + LINE + 2 * MARGIN
    sheet = Image.new("RGB", (min(len(files), PER_ROW) * across, rows * down), "white")
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(size=15)
    for index, (file, caption) in enumerate(zip(files, captions, strict=True)):
        left, top = index % PER_ROW * across + MARGIN, index // PER_ROW * down + MARGIN
        with Image.open(file) as image:
            sheet.paste(image.resize((TILE, TILE), Image.Resampling.BICUBIC), (left, top))
        pen.text((left, top + TILE + 4), caption, "black", font)
    return sheet


def draw_sheet(images: np.ndarray) -> Image.Image:
    """Draw a sheet of images. images: (N, H, W, 3) uint8, row by row."""
    times = max(1, LEAST_SIDE // images.shape[1])
    images = images.repeat(times, axis=1).repeat(times, axis=2)
    count, height, width, _ = images.shape
    rows = -(-count // COLUMNS)
    sheet = Image.new("RGB", (COLUMNS * (width + GAP) - GAP, rows * (height + GAP) - GAP), "white")
    for index, image in enumerate(images):
        row, column = divmod(index, COLUMNS)
        sheet.paste(Image.fromarray(image), (column * (width + GAP), row * (height + GAP)))
    return sheet
