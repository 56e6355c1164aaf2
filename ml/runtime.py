"""The device to compute on, and seeded random numbers."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import torch
from torch import Tensor

PRIME = 1_000_003  # more than the epochs of any training, so that no two seeds share a stream


def best_device() -> torch.device:
    """Return the GPU if there is one, else the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def move(tensor: Tensor, device: torch.device) -> Tensor:
    """Copy a tensor to the device without waiting for the work that the device has yet to do."""
    if device.type == "cuda" and tensor.device.type == "cpu":
        tensor = tensor.pin_memory()  # the driver copies from other memory only once the device has done all of it
    return tensor.to(device, non_blocking=True)


@cache
def bf16_is_fast(device: torch.device) -> bool:
    """Return whether bfloat16 is faster than float32: on GPUs and processors that have instructions for it."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    # torch.cpu.get_capabilities has it too, but only in the newest torch.
    processor = Path("/proc/cpuinfo")
    return processor.exists() and any(flag in processor.read_text() for flag in ("avx512_bf16", "amx_bf16"))


@contextmanager
def seeded(seed: int, number: int) -> Iterator[torch.Generator]:
    """Yield a generator for the number-th part of some work; torch's global one is seeded alike, and restored after."""
    with torch.random.fork_rng(devices=range(torch.cuda.device_count())):
        torch.manual_seed(seed * PRIME + number)
        yield torch.Generator().manual_seed(seed * PRIME + number)
