"""Processes that share one training, as `torchrun` starts them: each computes its part of every batch.

All draw the same batches and have the same weights. What a model computes of images it computes of its process's own
rows, and then gathers from all, so that each computes the loss of the whole batch; the mean of their gradients is the
gradient of one process alone. A process without a group has all rows, and gathers nothing.
"""

import os
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import torch
import torch.distributed as dist
from torch import Tensor

from ml.errors import ProcessLost

TIMEOUT = timedelta(minutes=10)  # for one that neither answers nor ends; the first may save a state meanwhile


def launched() -> int:
    """Return how many processes `torchrun` has started for this training; 1 without it."""
    return int(os.environ.get("WORLD_SIZE", "1"))


@contextmanager
def joined() -> Iterator[None]:
    """Join the processes that `torchrun` has started, each with a GPU of its own if its host has any.

    Raises ProcessLost if they do not all come, or if one is lost later.
    """
    if launched() == 1:
        yield
        return
    if torch.cuda.is_available():
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
    backend = "cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo"
    try:
        dist.init_process_group(backend, timeout=TIMEOUT)
    except RuntimeError as error:
        raise ProcessLost(f"not all {launched()} processes of this training came: {error}") from error
    try:
        yield
    finally:
        dist.destroy_process_group()


def is_shared() -> bool:
    """Return whether this process is one of several."""
    return dist.is_initialized()


def rank() -> int:
    """Return the number of this process, from 0; process 0 alone writes."""
    return dist.get_rank() if is_shared() else 0


def size() -> int:
    """Return the number of processes."""
    return dist.get_world_size() if is_shared() else 1


def own_rows(count: int) -> slice:
    """Return which of `count` rows are this process's: parts in the order of the ranks, as equal as may be."""
    return slice(count * rank() // size(), count * (rank() + 1) // size())


def gather(own: Tensor) -> Tensor:
    """Concatenate the rows (n, ...) of all processes, in the order of their ranks; gradients flow back to each."""
    if not is_shared():
        return own
    counts = torch.zeros(size(), dtype=torch.long)  # on the CPU, so that no GPU is waited for
    counts[rank()] = len(own)
    _reduce(counts)
    ends = counts.cumsum(dim=0).tolist()
    placed = own.new_zeros(ends[-1], *own.shape[1:])
    placed[ends[rank()] - len(own) : ends[rank()]] = own
    return add(placed)


def add(tensor: Tensor) -> Tensor:
    """Return the sum of the tensors (...) of all processes; gradients flow back to each."""
    total: Tensor = _Sum.apply(tensor)
    return total


def average_gradients(parameters: Iterable[Tensor]) -> None:
    """Replace each gradient by its mean over the processes."""
    if not is_shared():
        return
    gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
    flat = torch.cat([gradient.flatten() for gradient in gradients])  # one message in place of one for each
    _reduce(flat)
    flat /= size()
    for gradient, mean in zip(gradients, flat.split([each.numel() for each in gradients]), strict=True):
        gradient.copy_(mean.view_as(gradient))


def broadcast(tensors: Iterable[Tensor]) -> None:
    """Replace the tensors' values by those of process 0."""
    for tensor in tensors if is_shared() else ():
        with _explaining_loss():
            dist.broadcast(tensor, src=0)


def agree(number: float) -> float:
    """Return the number that process 0 passes, as clocks and folders of hosts differ."""
    agreed = torch.tensor(number, dtype=torch.float64)
    broadcast([agreed])
    return agreed.item()


@contextmanager
def _explaining_loss() -> Iterator[None]:
    try:
        yield
    except RuntimeError as error:  # gloo has no class of its own for it
        reason = re.sub(r"^\[[^]]*\] ", "", str(error).strip()).partition(". ")[0]  # without the place in gloo's source
        raise ProcessLost(
            f"process {rank()} of {size()} stops, as another has ended or does not answer ({reason}); "
            "the same command continues after the last epoch that was saved"
        ) from error


def _reduce(tensor: Tensor) -> None:
    with _explaining_loss():
        dist.all_reduce(tensor)


class _Sum(torch.autograd.Function):
    """The sum over the processes. Its gradient is the sum of theirs, as each has a loss that depends on it."""

    @staticmethod
    def forward(ctx: object, tensor: Tensor) -> Tensor:
        total = tensor.clone()
        _reduce(total)
        return total

    @staticmethod
    def backward(ctx: object, *gradients: Tensor) -> Tensor:
        total = gradients[0].clone(memory_format=torch.contiguous_format)
        _reduce(total)
        return total
