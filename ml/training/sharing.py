"""Batch norms, seeds and states of a training that several processes share (ml.group)."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import torch
from torch import Tensor
from torch.nn.modules.batchnorm import _BatchNorm

from ml import group
from ml.contract import Model
from ml.errors import BadCheckpoint, NotShareable
from ml.runtime import PRIME
from ml.training import resume


@contextmanager
def shared(model: Model) -> Iterator[None]:
    """Compute the model's batch norms by the statistics of all processes' rows in this context.

    Raises NotShareable if several processes cannot train its method.
    """
    if not group.is_shared():
        yield
        return
    if not model.is_shareable:
        raise NotShareable(
            f"{model.method} cannot be trained by several processes: train it in one, without torchrun. "
            "Those that can are in docs/gpu.md"
        )
    norms = [module for module in model.modules() if isinstance(module, _BatchNorm)]
    for norm in norms:
        norm.forward = partial(normalise, norm)  # type: ignore[method-assign]  # so that optimizers and names stay
    try:
        yield
    finally:
        for norm in norms:
            del norm.forward


def normalise(norm: _BatchNorm, rows: Tensor) -> Tensor:
    """Compute a batch norm of rows (n, C, ...), in training mode by the mean and variance over all processes' rows.

    torch.nn.SyncBatchNorm does the same on a GPU, but nothing on a CPU, where this can be tested.
    """
    if not norm.training:
        unshared: Tensor = type(norm).forward(norm, rows)
        return unshared
    x = rows.to(torch.promote_types(rows.dtype, torch.float32))
    others = [dimension for dimension in range(x.ndim) if dimension != 1]
    shape = [-1 if dimension == 1 else 1 for dimension in range(x.ndim)]
    count = x.new_tensor([x.numel() / x.shape[1]])
    *sums, total = group.add(torch.cat([x.sum(dim=others), count])).split([x.shape[1], 1])
    mean = sums[0] / total
    centred = x - mean.view(shape)
    variance = group.add(centred.square().sum(dim=others)) / total
    normalised = centred * (variance + norm.eps).rsqrt().view(shape)
    if norm.weight is not None:
        normalised = normalised * norm.weight.view(shape) + norm.bias.view(shape)
    if norm.running_mean is not None and norm.running_var is not None:
        assert norm.momentum is not None and norm.num_batches_tracked is not None
        with torch.no_grad():
            norm.num_batches_tracked += 1
            norm.running_mean.lerp_(mean, norm.momentum)
            norm.running_var.lerp_(variance * total / (total - 1), norm.momentum)
    result: Tensor = normalised.to(rows.dtype)
    return result


def draw_apart() -> None:
    """Set another seed of torch's global generator in each process: noise and dropout must differ between their rows.

    What batches are made of is drawn by a generator that is seeded alike in all.
    """
    if group.rank():
        torch.manual_seed(torch.initial_seed() + group.rank() * PRIME)


def agree_on_epoch(folder: Path) -> int:
    """Return the last epoch that is saved in the folder. Raises BadCheckpoint if process 0 sees another."""
    here = resume.last_epoch(folder)
    first = int(group.agree(here))
    if here != first:
        raise BadCheckpoint(
            f"{folder}: process {group.rank()} sees epoch {here}, process 0 epoch {first}: not one folder"
        )
    return here
