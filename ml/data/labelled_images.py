"""Pictures with a category each: what a generator is trained on."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ml.data.images import ImageArray


@dataclass(frozen=True)
class LabelledImages:
    images: ImageArray
    categories: np.ndarray  # (N,) int64, 0 to len(names) - 1: each picture's
    names: tuple[str, ...]  # of the categories; each has a picture

    def __post_init__(self) -> None:
        if len(self.images) != len(self.categories):
            raise ValueError(f"{len(self.images)} pictures, {len(self.categories)} categories of theirs")
        found = np.unique(self.categories)
        if not np.array_equal(found, np.arange(len(self.names))) or not len(found):
            raise ValueError(f"pictures of the categories {found.tolist()}, names of {len(self.names)}")

    def indices_of(self, category: int) -> np.ndarray:
        """Indices of its pictures."""
        return np.flatnonzero(self.categories == category)


class LabelledImageBatches:
    """One epoch of ((B, 3, H, W) in [0, 1], (B,) categories), drawn with replacement: N / B full batches, or one.

    balanced: each category as often as any other, else each picture.
    """

    def __init__(self, garments: LabelledImages, size: int, generator: torch.Generator, *, balanced: bool) -> None:
        self.garments, self.size, self.generator, self.balanced = garments, size, generator, balanced

    def __len__(self) -> int:
        return max(1, len(self.garments.images) // self.size)

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        categories = torch.from_numpy(self.garments.categories)
        each = 1 / torch.bincount(categories)[categories] if self.balanced else torch.ones(len(categories))
        for _ in range(len(self)):
            chosen = torch.multinomial(each, self.size, replacement=True, generator=self.generator)
            yield self.garments.images.batch(chosen), categories[chosen]
