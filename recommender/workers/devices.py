"""Devices of workers: a share of a GPU's memory, parts of what does not fit, and an end where it fails.

After a failure of CUDA, such as an access to memory that is not there, nothing can be computed in the process any more.
It ends, and its task is taken up again by a fresh one, as that of any process that is lost.
"""

import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor

log = logging.getLogger(__name__)


def limit_memory(share: float) -> None:
    """Limit this process to a share of the GPU's memory, if there is a GPU."""
    if torch.cuda.is_available():
        torch.cuda.set_per_process_memory_fraction(share)


def describe(processes: int = 1) -> str:
    """Return in words what this process computes on, and the most memory of a GPU that it took.

    processes: that share a training, each on a GPU of its own.
    """
    if processes > 1:
        return (
            f"{processes} × {torch.cuda.get_device_name()}" if torch.cuda.is_available() else f"{processes} processes"
        )
    if not torch.cuda.is_available():
        return f"CPU, {torch.get_num_threads()} threads"
    return f"{torch.cuda.get_device_name()}, at most {torch.cuda.max_memory_reserved() / 1e9:.1f} GB"


def is_gpu_failure(error: RuntimeError) -> bool:
    """Return whether CUDA failed. A GPU without enough memory for something can still compute something else."""
    return isinstance(error, torch.AcceleratorError) or "CUDA error" in str(error)


@contextmanager
def ending_if_gpu_fails() -> Iterator[None]:
    """Stop this process at once if CUDA fails in the block, or in the function that this decorates."""
    try:
        yield
    except RuntimeError as error:
        if not is_gpu_failure(error):
            raise
        log.critical("the GPU failed: this process ends itself, and its task is taken up by another: %s", error)
        os._exit(1)


def compute_in_halves(compute: Callable[[slice], Tensor], rows: slice) -> Tensor:
    """Compute these rows at once, or in halves if the GPU's memory is too small for all.

    compute: returns a row for each of a slice. Raises torch.OutOfMemoryError if not even one row fits.
    """
    count = rows.stop - rows.start
    try:
        return compute(rows)
    except torch.OutOfMemoryError:
        if count == 1:
            raise
    # After the block, which holds what the failed computation had allocated.
    log.warning("the GPU's memory is too small for %d images at once: they are computed in halves", count)
    torch.cuda.empty_cache()
    middle = rows.start + count // 2
    parts = (slice(rows.start, middle), slice(middle, rows.stop))
    return torch.cat([compute_in_halves(compute, part) for part in parts])
