"""The steps of a batch, and the losses of an epoch, which stay on the device until they are read."""

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

import torch
from torch import Tensor
from torch.optim import Optimizer

from ml import group
from ml.contract import Model, Parts
from ml.errors import OutOfMemory, TrainingDiverged
from ml.runtime import bf16_is_fast


def take_steps(
    model: Model, optimizers: Mapping[str, Optimizer], batch: tuple[Tensor, ...], *, update: bool = True
) -> Iterator[tuple[str, Tensor]]:
    """Run the steps of a batch; yield the loss of each, and the parts of that loss, by name. Nothing is waited for.

    batch: on the model's device. update: False computes the gradients alone.
    """
    device = model.device
    use_bf16 = model.use_bf16 and bf16_is_fast(device)
    objectives = model.objectives(batch)  # lazy: the second is computed after the first's step
    while True:
        with torch.autocast(device.type, torch.bfloat16, enabled=use_bf16):
            objective = next(objectives, None)
        if objective is None:
            return
        optimizer_name, loss = objective[:2]
        parts: Parts = objective[2] if len(objective) == 3 else {}
        optimizers[optimizer_name].zero_grad()
        loss.backward()
        group.average_gradients(p for part in optimizers[optimizer_name].param_groups for p in part["params"])
        if update:
            optimizers[optimizer_name].step()
        yield optimizer_name, loss.detach()
        yield from ((f"{optimizer_name}/{part}", value.detach()) for part, value in parts.items())


@contextmanager
def explaining_memory(model: Model) -> Iterator[None]:
    """Raise OutOfMemory, with what to do, where a batch of the model does not fit in a GPU's memory.

    The batch is not halved: batch norms and losses that compare its rows would make another model of it.
    """
    try:
        yield
    except torch.OutOfMemoryError as error:
        size = model.config.model_dump().get("batch_size")
        now = f" (now {size})" if size else ""
        raise OutOfMemory(f"{model.method}: a batch does not fit in the GPU's memory; lower batch_size{now}") from error


@dataclass
class Losses:
    """Losses of an epoch: added on the device, read once in a while, all that were added at once."""

    method: str
    epoch: int
    means: dict[str, float] = field(default_factory=dict)  # of those that were read, by name
    _counts: Counter[str] = field(default_factory=Counter)
    _unread: list[tuple[str, int, Tensor]] = field(default_factory=list)

    def add(self, name: str, batch: int, loss: Tensor) -> None:
        """Add a scalar loss of the batch-th batch, which must not change any more."""
        self._unread.append((name, batch, loss))

    def read(self) -> None:
        """Wait for the losses added since the last call, and update the means.

        Raises TrainingDiverged at the first that is not finite.
        """
        if not self._unread:
            return
        values = torch.stack([loss for _, _, loss in self._unread]).tolist()
        for (name, batch, _), value in zip(self._unread, values, strict=True):
            if not math.isfinite(value):
                where = f"epoch {self.epoch}, batch {batch}"
                raise TrainingDiverged(f"{self.method}, {name}: loss {value} at {where}")
            self._counts[name] += 1
            mean = self.means.get(name, 0.0)
            self.means[name] = mean + (value - mean) / self._counts[name]
        self._unread.clear()
