"""What a model dreams up after each epoch of its training, as pictures for people to look at."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from recommender.models import ModelVersion

COLUMNS = 12
GAP = 2  # pixels between two pictures
MOST_LISTED = 12
LEAST_SIDE = 64  # smaller pictures are enlarged by a whole number

PER_ROW, TILE, MARGIN, LINE = 4, 192, 12, 24  # of captioned pictures, in pixels


def file_of(version: ModelVersion, epoch: int) -> Path:
    return version.folder / "sheets" / f"epoch-{epoch:05}.webp"


def epochs(version: ModelVersion) -> list[int]:
    """Those that have a sheet, in order."""
    return sorted(int(file.stem.removeprefix("epoch-")) for file in version.folder.glob("sheets/epoch-*.webp"))


def few_epochs(version: ModelVersion) -> list[int]:
    """At most a dozen of them, evenly spread, the newest first."""
    found = epochs(version)
    return [found[round(place)] for place in np.linspace(len(found) - 1, 0, min(len(found), MOST_LISTED))]


def keep(version: ModelVersion, epoch: int, pictures: np.ndarray) -> None:
    """pictures: (N, H, W, 3) uint8, row by row."""
    file = file_of(version, epoch)
    file.parent.mkdir(exist_ok=True)
    aside = file.with_suffix(".partial")
    sheet(pictures).save(aside, "WEBP", quality=90)  # a sixth of a PNG
    aside.replace(file)


def captioned(files: Sequence[Path], captions: Sequence[str]) -> Image.Image:
    """Pictures, each with a line beneath."""
    rows = -(-len(files) // PER_ROW)
    across, down = TILE + 2 * MARGIN, TILE + LINE + 2 * MARGIN
    drawn = Image.new("RGB", (min(len(files), PER_ROW) * across, rows * down), "white")
    pen, font = ImageDraw.Draw(drawn), ImageFont.load_default(size=15)
    for place, (file, caption) in enumerate(zip(files, captions, strict=True)):
        left, top = place % PER_ROW * across + MARGIN, place // PER_ROW * down + MARGIN
        with Image.open(file) as picture:
            drawn.paste(picture.resize((TILE, TILE), Image.Resampling.BICUBIC), (left, top))
        pen.text((left, top + TILE + 4), caption, "black", font)
    return drawn


def sheet(pictures: np.ndarray) -> Image.Image:
    times = max(1, LEAST_SIDE // pictures.shape[1])
    pictures = pictures.repeat(times, axis=1).repeat(times, axis=2)
    count, height, width, _ = pictures.shape
    rows = -(-count // COLUMNS)
    drawn = Image.new("RGB", (COLUMNS * (width + GAP) - GAP, rows * (height + GAP) - GAP), "white")
    for place, picture in enumerate(pictures):
        row, column = divmod(place, COLUMNS)
        drawn.paste(Image.fromarray(picture), (column * (width + GAP), row * (height + GAP)))
    return drawn
