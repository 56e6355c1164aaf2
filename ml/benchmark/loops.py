"""Seconds of the training loop by part: drawing batches, loading them, and arithmetic."""

import copy
import statistics
import time
from collections.abc import Callable, Iterator, Sequence, Sized
from functools import partial
from typing import Any

import torch
from torch import Tensor

from ml.contract import Model
from ml.data.batching import Batch, load
from ml.runtime import seeded
from ml.training.loop import Epoch, TrainConfig, fit
from ml.training.steps import take_steps

PREPARED = 2**29  # bytes of batches that are prepared, or one batch
Shares = dict[str, float]  # seconds of an epoch


def follow_epochs(model: Model[Any], data: Any, training: TrainConfig) -> "Iterator[tuple[Epoch, BareEpoch]]":
    """Train the model; yield the report of each epoch but the first, and what measures its parts meanwhile.

    Any: a model of any method, and the data that it takes.
    """
    bare: BareEpoch | None = None
    for epoch in fit(model, data, training):
        if bare is None:
            bare = BareEpoch(model, data, training.seed)
            bare.measure_steps()  # to warm up
        else:
            yield epoch, bare


def summarise(rounds: Sequence[Shares]) -> Shares:
    """Return the medians of an epoch's seconds, "loop" and those of `BareEpoch.measure`, and of their "ratio".

    That is of arithmetic and loop.
    """
    shares = {name: statistics.median(each[name] for each in rounds) for name in rounds[0]}
    return shares | {"ratio": statistics.median(each["arithmetic"] / each["loop"] for each in rounds)}


class BareEpoch:
    """The parts of an epoch one by one, on a copy of the model."""

    def __init__(self, model: Model[Any], data: Any, seed: int) -> None:
        self.model, self.data, self.seed = copy.deepcopy(model).train(), data, seed
        self.optimizers = self.model.optimizers()
        self.drawn: list[Batch] = []
        self.prepared: list[tuple[Tensor, ...]] = []
        with seeded(seed, 1) as generator:
            batches = self.model.batches(data, generator)
            for batch in batches:
                self.drawn.append(batch)
                self.prepared.append(load(batch, model.device))
                if sum(part.nbytes for parts in self.prepared for part in parts) >= PREPARED:
                    break
        assert isinstance(batches, Sized)  # as the contract has it
        self.share = len(self.prepared) / len(batches)

    def measure(self) -> Shares:
        """Return the seconds of each part, of as many batches as an epoch has.

        "drawing" is choosing what batches are made of, "loading" reading, converting and augmenting that on the device,
        "arithmetic" forward, backward and the optimizers' steps on loaded batches.
        """
        return {
            "drawing": time_work(self._draw) / self.share,
            "loading": time_work(self._load) / self.share,
            "arithmetic": self.measure_steps(),
        }

    def measure_steps(self, update: bool = True) -> float:
        """Return the seconds of an epoch's arithmetic. update: whether the optimizers step."""
        return time_work(partial(self._take_steps, update)) / self.share

    def take_steps_of(self, batch: tuple[Tensor, ...], update: bool = True) -> None:
        """Compute the gradients of a loaded batch. update: whether the optimizers step."""
        for _ in take_steps(self.model, self.optimizers, batch, update=update):
            pass

    def _draw(self) -> None:
        with seeded(self.seed, 1) as generator:
            for _ in zip(self.drawn, self.model.batches(self.data, generator), strict=False):
                pass

    def _load(self) -> None:
        for batch in self.drawn:
            load(batch, self.model.device)

    def _take_steps(self, update: bool) -> None:
        for batch in self.prepared:
            self.take_steps_of(batch, update)


def time_work(work: Callable[[], object]) -> float:
    """Return the seconds that the work takes, on a GPU too."""
    began = time.perf_counter()
    work()
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter() - began
