"""Images with a category each, and batches of them: the training data of a generator."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ml.data.images import ChosenImages, ImageArray


@dataclass(frozen=True)
class LabelledImages:
    images: ImageArray
    categories: np.ndarray  # (N,) int64, 0 to len(names) - 1
    names: tuple[str, ...]  # of the categories; each has a picture

    def __post_init__(self) -> None:
        if len(self.images) != len(self.categories):
            raise ValueError(f"{len(self.images)} images, but {len(self.categories)} categories")
        found = np.unique(self.categories)
        if not np.array_equal(found, np.arange(len(self.names))) or not len(found):
            raise ValueError(f"images of the categories {found.tolist()}, but {len(self.names)} names")

    def indices_of(self, category: int) -> np.ndarray:
        """Return the indices of this category's images."""
        return np.flatnonzero(self.categories == category)


class LabelledImageBatches:
    """One epoch of batches ((B, 3, H, W) in [0, 1], (B,) categories), drawn with replacement: N / B of them, or one.

    Images are deferred.

    balanced: draw each category equally often, else each image.
    """

    def __init__(self, labelled: LabelledImages, size: int, generator: torch.Generator, *, balanced: bool) -> None:
        self.labelled, self.size, self.generator, self.balanced = labelled, size, generator, balanced

    def __len__(self) -> int:
        return max(1, len(self.labelled.images) // self.size)

    def __iter__(self) -> Iterator[tuple[ChosenImages, Tensor]]:
        categories = torch.from_numpy(self.labelled.categories)
        each = 1 / torch.bincount(categories)[categories] if self.balanced else torch.ones(len(categories))
        for _ in range(len(self)):
            chosen = torch.multinomial(each, self.size, replacement=True, generator=self.generator)
            yield ChosenImages(self.labelled.images, chosen), categories[chosen]
