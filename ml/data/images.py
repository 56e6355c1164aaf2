"""Arrays of decoded images, in memory or in a memory-mapped file."""

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Self

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from ml.data.decoding import MOST_PIXELS, Source, read_image
from ml.errors import UnreadableImage
from ml.runtime import move

RESIDENT_SHARE = 0.5  # of a GPU's free memory, which an array of images may take
UPLOADED = 1024  # images at once, of those that stay on a GPU


class ImageArray:
    """Images as uint8 (N, H, W, 3), decoded once, in memory or in a memory-mapped file."""

    def __init__(self, pixels: np.ndarray) -> None:
        self.pixels = pixels
        self._resident: dict[torch.device, Tensor | None] = {}  # the pixels on a GPU; None where they do not fit

    @classmethod
    def decode(
        cls,
        sources: Sequence[Source],
        size: tuple[int, int],
        file: Path | None = None,
        progress: bool = False,
        most_pixels: int | None = MOST_PIXELS,
    ) -> Self:
        """Decode all images in their order, in parallel. Raises UnreadableImage at the first that cannot be read.

        file: where the array is written and mapped from; None keeps it in memory. most_pixels: see `read_image`.
        """
        shape = (len(sources), *size, 3)
        pixels = np.empty(shape, dtype=np.uint8) if file is None else create_mapped(file, shape)
        for index, decoded in enumerate(decode_each(sources, size, progress, most_pixels)):
            if isinstance(decoded, UnreadableImage):
                raise decoded
            pixels[index] = decoded
        return cls(pixels)

    def __len__(self) -> int:
        return len(self.pixels)

    @property
    def size(self) -> tuple[int, int]:
        """Return (H, W)."""
        return self.pixels.shape[1], self.pixels.shape[2]

    def batch(self, indices: Tensor | np.ndarray | Sequence[int], device: torch.device | str = "cpu") -> Tensor:
        """Return these images as (B, 3, H, W) float32 in [0, 1], on the device.

        On a GPU all images stay as bytes from the first call on, if half of its free memory holds them; otherwise the
        bytes of a batch are copied while the GPU computes the former.
        """
        device, rows = torch.device(device), np.asarray(indices, dtype=np.intp)  # of no indices, numpy makes floats
        resident = self._find_resident(device) if device.type == "cuda" else None
        if resident is None:
            chosen = move(torch.from_numpy(self.pixels[rows]), device)
        else:
            chosen = resident[move(torch.from_numpy(rows), device)]
        return chosen.permute(0, 3, 1, 2) / 255  # in one step: with .float() before it takes half as long again

    def _find_resident(self, device: torch.device) -> Tensor | None:
        """Return the pixels on this GPU, copied there at the first call; None if they do not fit."""
        if device not in self._resident:
            free, _ = torch.cuda.mem_get_info(device)
            fits = self.pixels.nbytes <= RESIDENT_SHARE * free
            self._resident[device] = self._upload(device) if fits else None
        return self._resident[device]

    def _upload(self, device: torch.device) -> Tensor:
        resident = torch.empty(self.pixels.shape, dtype=torch.uint8, device=device)
        for begin in range(0, len(self), UPLOADED):
            part = np.array(self.pixels[begin : begin + UPLOADED])  # a copy: a mapped file may not be written to
            resident[begin : begin + UPLOADED] = torch.from_numpy(part)
        return resident


class ChosenImages:
    """Images of an array that are read, and made floats, on the device that they are moved to."""

    def __init__(self, images: ImageArray, indices: Tensor) -> None:
        self.images, self.indices = images, indices

    def __len__(self) -> int:
        return len(self.indices)

    def part(self, rows: slice) -> "ChosenImages":
        """Return these of the images."""
        return ChosenImages(self.images, self.indices[rows])

    def to(self, device: torch.device) -> Tensor:
        """Return (B, 3, H, W) float32 in [0, 1] on the device."""
        return self.images.batch(self.indices, device)


def create_mapped(file: Path, shape: tuple[int, ...]) -> np.ndarray:
    """Create a .npy file of uint8 and map it into memory. Raises OSError if the disk has no room for all of it."""
    pixels = np.lib.format.open_memmap(file, mode="w+", dtype=np.uint8, shape=shape)
    with file.open("r+b") as opened:  # a mapped file that cannot grow kills the process, which has no time for a reason
        try:
            os.posix_fallocate(opened.fileno(), 0, file.stat().st_size)
        except OSError as error:
            raise OSError(error.errno, error.strerror, str(file)) from error
    return pixels


def decode_each(
    sources: Sequence[Source],
    size: tuple[int, int],
    progress: bool = False,
    most_pixels: int | None = MOST_PIXELS,
) -> Iterator[np.ndarray | UnreadableImage]:
    """Yield the pixels of each source in turn, or the error that it cannot be read. most_pixels: see `read_image`."""

    def attempt(source: Source) -> np.ndarray | UnreadableImage:
        try:
            return read_image(source, size, most_pixels)
        except UnreadableImage as error:
            return error

    # Threads suffice: Pillow releases the interpreter lock while it decodes. Chunks bound the results in memory.
    with (
        ThreadPoolExecutor(os.cpu_count()) as pool,
        tqdm(total=len(sources), unit=" pictures", disable=not progress) as bar,
    ):
        for begin in range(0, len(sources), 1024):
            for decoded in pool.map(attempt, sources[begin : begin + 1024]):
                bar.update()
                yield decoded
