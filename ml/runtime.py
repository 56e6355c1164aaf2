"""Where the arithmetic is done."""

from functools import cache
from pathlib import Path

import torch


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
