"""Chance with a seed."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

PRIME = 1_000_003  # more than anyone's epochs, so that no two seeds share a stream


@contextmanager
def seeded(seed: int, number: int) -> Iterator[torch.Generator]:
    """A generator for the number-th part of a piece of work; torch's own chance is seeded too, and restored after."""
    with torch.random.fork_rng(devices=range(torch.cuda.device_count())):
        torch.manual_seed(seed * PRIME + number)
        yield torch.Generator().manual_seed(seed * PRIME + number)
