"""Files to pixels: one careful way in, and a memory map of pictures decoded once."""

import io
import os
import warnings
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import BinaryIO, Protocol, Self

import numpy as np
import torch
from PIL import Image, ImageOps
from torch import Tensor
from tqdm import tqdm

from ml.errors import UnreadableImage

MOST_PIXELS = 50_000_000  # before decoding: a 30,000 x 30,000 PNG of one colour is 2 MB on disk and 2.7 GB decoded
# What Pillow raises for damaged files; SyntaxError and TypeError are for broken TIFF tags, which EXIF is made of too.
DAMAGE = (OSError, ValueError, EOFError, SyntaxError, TypeError, Image.DecompressionBombError)
WHITE = (255, 255, 255)


class Named(Protocol):
    """A member of an archive, say: bytes that are read when they are needed; str() is its name."""

    def read_bytes(self) -> bytes: ...


Source = Path | Named | bytes | BinaryIO


def read_image(source: Source, size: tuple[int, int]) -> np.ndarray:
    """A picture as (H, W, 3) uint8, upright, in RGB on white, its aspect ratio kept.

    What is missing to the target's ratio is filled with the picture's own border colour, so that a studio photo stays
    a studio photo. Raises UnreadableImage with the file and the reason.
    """
    name = "the picture" if isinstance(source, bytes) else getattr(source, "name", None) or str(source)
    try:
        # A picture that is large but below our limit is no reason for Pillow's warning.
        with warnings.catch_warnings(action="ignore", category=Image.DecompressionBombWarning):
            stream = source if hasattr(source, "read") else io.BytesIO(_bytes_of(source))
            with Image.open(stream) as image:
                return _pixels(image, size)
    except Image.UnidentifiedImageError:
        raise UnreadableImage(f"{name}: not a picture in a known format") from None
    except DAMAGE as error:
        raise UnreadableImage(f"{name}: {error}") from error


def _bytes_of(source: Source) -> bytes:
    return source if isinstance(source, bytes) else source.read_bytes()


def _pixels(image: Image.Image, size: tuple[int, int]) -> np.ndarray:
    height, width = size
    if image.width * image.height > MOST_PIXELS:
        raise ValueError(f"{image.width} x {image.height} pixels are more than {MOST_PIXELS // 1_000_000} million")
    # A large JPEG is decoded at a fraction of its size: 6 times faster (30 against 5 ms).
    # Twice the target leaves the final resize something to average.
    image.draft("RGB", (2 * width, 2 * height))
    image.load()  # here a truncated file is noticed
    image = _rgb(ImageOps.exif_transpose(image))
    scale = min(width / image.width, height / image.height)
    inner = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    small = np.asarray(image.resize(inner, Image.Resampling.BILINEAR, reducing_gap=3.0))
    if inner == (width, height):
        return small
    canvas = np.empty((height, width, 3), dtype=np.uint8)
    canvas[:] = _border_colour(small)
    top, left = (height - inner[1]) // 2, (width - inner[0]) // 2
    canvas[top : top + inner[1], left : left + inner[0]] = small
    return canvas


def _rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I"):  # 16 bit a channel: Pillow's own conversion clips instead of scaling
        grey = np.asarray(image, dtype=np.float32) / 257
        return Image.fromarray(grey.clip(0, 255).astype(np.uint8)).convert("RGB")
    if image.has_transparency_data:
        image = image.convert("RGBA")
        background = Image.new("RGBA", image.size, WHITE)
        image = Image.alpha_composite(background, image)
    return image.convert("RGB")


def _border_colour(pixels: np.ndarray) -> np.ndarray:
    border = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    return np.median(border, axis=0).astype(np.uint8)


class ImageArray:
    """Pictures as uint8 (N, H, W, 3), decoded once, in memory or in a file that is mapped into it."""

    def __init__(self, pixels: np.ndarray) -> None:
        self.pixels = pixels

    @classmethod
    def decode(
        cls, sources: Sequence[Source], size: tuple[int, int], file: Path | None = None, progress: bool = False
    ) -> Self:
        """All the pictures in their order, decoded in parallel. Raises UnreadableImage at the first that fails."""
        shape = (len(sources), *size, 3)
        if file is None:
            pixels = np.empty(shape, dtype=np.uint8)
        else:
            pixels = np.lib.format.open_memmap(file, mode="w+", dtype=np.uint8, shape=shape)
        for index, decoded in enumerate(decode_each(sources, size, progress)):
            if isinstance(decoded, UnreadableImage):
                raise decoded
            pixels[index] = decoded
        return cls(pixels)

    def __len__(self) -> int:
        return len(self.pixels)

    @property
    def size(self) -> tuple[int, int]:
        return self.pixels.shape[1], self.pixels.shape[2]

    def batch(self, indices: Tensor | np.ndarray | Sequence[int]) -> Tensor:
        """(B, 3, H, W) float32 in [0, 1]."""
        chosen = torch.from_numpy(self.pixels[np.asarray(indices)])
        return chosen.permute(0, 3, 1, 2) / 255  # in one step: with .float() before it takes half as long again


def decode_each(
    sources: Sequence[Source], size: tuple[int, int], progress: bool = False
) -> Iterator[np.ndarray | UnreadableImage]:
    """For each source in turn its pixels, or what is wrong with it."""

    def attempt(source: Source) -> np.ndarray | UnreadableImage:
        try:
            return read_image(source, size)
        except UnreadableImage as error:
            return error

    # Threads: Pillow lets go of the interpreter while it works. In chunks, so that results do not pile up.
    with (
        ThreadPoolExecutor(os.cpu_count()) as pool,
        tqdm(total=len(sources), unit=" pictures", disable=not progress) as bar,
    ):
        for begin in range(0, len(sources), 1024):
            for decoded in pool.map(attempt, sources[begin : begin + 1024]):
                bar.update()
                yield decoded
