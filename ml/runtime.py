"""The device that computes, and random numbers with a seed."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import torch

PRIME = 1_000_003  # more than anyone's epochs, so that no two seeds share a stream


def best_device() -> torch.device:
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


@cache
def bf16_pays(device: torch.device) -> bool:
    """Whether bfloat16 is faster here than float32: on GPUs, and on processors that have instructions for it."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    # torch.cpu.get_capabilities says it too, but only in the newest torch.
    processor = Path("/proc/cpuinfo")
    return processor.exists() and any(flag in processor.read_text() for flag in ("avx512_bf16", "amx_bf16"))


@contextmanager
def seeded(seed: int, number: int) -> Iterator[torch.Generator]:
    """Yield a generator for the number-th part of a piece of work; torch's own is seeded too, and restored after."""
    with torch.random.fork_rng(devices=range(torch.cuda.device_count())):
        torch.manual_seed(seed * PRIME + number)
        yield torch.Generator().manual_seed(seed * PRIME + number)
