"""Parts of batches, batches of images without labels, and batch-norm statistics over them."""

from collections.abc import Iterable, Iterator
from typing import Protocol

import torch
from torch import Tensor, nn

from ml import group
from ml.data.images import ChosenImages, ImageArray
from ml.runtime import move


class Deferred(Protocol):
    """A part of a batch that is computed on the device that it is moved to."""

    def __len__(self) -> int: ...

    def part(self, rows: slice) -> "Deferred":
        """Return what computes these rows alone."""

    def to(self, device: torch.device) -> Tensor:
        """Compute the part."""


Batch = tuple[Tensor | Deferred, ...]


def take_own(batch: Batch) -> Batch:
    """Return the batch with its deferred parts reduced to the rows that this process computes; tensors stay whole."""
    return tuple(part if isinstance(part, Tensor) else part.part(group.own_rows(len(part))) for part in batch)


def load(batch: Batch, device: torch.device) -> tuple[Tensor, ...]:
    """Return the parts of a batch on the device, those that were deferred computed."""
    return tuple(move(part, device) if isinstance(part, Tensor) else part.to(device) for part in batch)


class ImageBatches:
    """One epoch of batches ((B, 3, H, W) in [0, 1],), deferred, in random order.

    Every batch is full, since statistics of a short one are noise; the images left over come in another epoch. A
    catalogue smaller than a batch is one batch.
    """

    def __init__(self, images: ImageArray, size: int, generator: torch.Generator) -> None:
        self.images, self.size, self.generator = images, min(size, len(images)), generator

    def __len__(self) -> int:
        return len(self.images) // self.size

    def __iter__(self) -> Iterator[tuple[ChosenImages]]:
        order = torch.randperm(len(self.images), generator=self.generator)
        for chosen in order.split(self.size)[: len(self)]:
            yield (ChosenImages(self.images, chosen),)


class OrderedBatches:
    """One epoch of batches ((B, 3, H, W) in [0, 1],), deferred, in the order of `chosen`, the last one maybe short."""

    def __init__(self, images: ImageArray, chosen: Tensor, size: int) -> None:
        self.images, self.parts = images, chosen.split(size)

    def __len__(self) -> int:
        return len(self.parts)

    def __iter__(self) -> Iterator[tuple[ChosenImages]]:
        for part in self.parts:
            yield (ChosenImages(self.images, part),)


def recompute_batch_norms(network: nn.Module, batches: Iterable[Batch], device: torch.device) -> None:
    """Estimate the running statistics of all batch norms again over these batches, with dropout off.

    In adversarial training they are a mixture over real and generated images, and dropout made their variance larger.
    Leaves the network in eval mode.
    """
    norms = [module for module in network.modules() if isinstance(module, nn.modules.batchnorm._BatchNorm)]
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # the mean over all batches
    network.eval()
    for norm in norms:
        norm.train()
    with torch.no_grad():
        for batch in batches:
            network(*load(batch, device))
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
    network.eval()
