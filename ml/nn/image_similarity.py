"""Structural similarity of two images, and the diversity of many."""

from collections.abc import Sequence

import torch
from torch import Tensor

from ml.nn.descriptors import LUMA

WINDOW, SIGMA = 11, 1.5
C1, C2 = 0.01**2, 0.03**2  # for values in [0, 1]
PAIRS = 1000
# The mean difference, in [0, 1], below which two images count as the same. Thin products on white are near each
# other: .02 would call half of a catalogue's flat shoes the same, whatever their colours.
SAME = 0.01


def ssim(one: Tensor, other: Tensor) -> Tensor:
    """Compute the structural similarity of luminance of pairs, (B,): 1 for the same image.

    one, other: (B, 3, H, W) in [0, 1]. Wang et al. 2004: an 11x11 Gaussian window, sigma 1.5, averaged over the
    positions where it fits.
    """
    return _similarity(_describe(one), _describe(other))


def _describe(images: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Compute the luminance of images, (B, H, W), and its mean and variance in each window, (B, H - 10, W - 10)."""
    x = torch.einsum("bchw,c->bhw", images, images.new_tensor(LUMA))
    mean = _blur(x)
    return x, mean, _blur(x * x) - mean.square()


def _similarity(one: Sequence[Tensor], other: Sequence[Tensor]) -> Tensor:
    """Compute `ssim` of pairs of described images."""
    (x, mx, vx), (y, my, vy) = one, other
    product = mx * my
    alike = (2 * product + C1) * (2 * (_blur(x * y) - product) + C2)
    return (alike / ((mx.square() + my.square() + C1) * (vx + vy + C2))).mean(dim=(1, 2))


def _blur(maps: Tensor) -> Tensor:
    """Convolve (B, H, W) with the window to (B, H - 10, W - 10)."""
    down, across = (_window_matrix(side, maps) for side in maps.shape[1:])
    return down @ maps @ across.T


def _window_matrix(side: int, like: Tensor) -> Tensor:
    """Return (side - 10, side), the window at each position where it fits: ten times as fast as a convolution."""
    position = torch.arange(side, device=like.device, dtype=like.dtype)
    centre = position[: side - WINDOW + 1, None] + WINDOW // 2
    apart = (position - centre).abs()
    weights = torch.exp(-apart.square() / (2 * SIGMA**2)) * (apart <= WINDOW // 2)
    return weights / weights.sum(dim=1, keepdim=True)


def diversity(images: Tensor, generator: torch.Generator, pairs: int = PAIRS) -> float:
    """Return 1 minus the mean SSIM of random pairs: 0 if all are the same. images: (N, 3, H, W), two or more."""
    count = len(images)
    one = torch.randint(count, (pairs,), generator=generator)
    other = (one + torch.randint(1, count, (pairs,), generator=generator)) % count
    described = _describe(images)  # once an image, which is in many pairs
    similar = [
        _similarity([part[a] for part in described], [part[b] for part in described])
        for a, b in zip(one.split(250), other.split(250), strict=True)
    ]
    return 1 - torch.cat(similar).mean().item()


def mean_differences(one: Tensor, other: Tensor) -> Tensor:
    """Compute (N, M) mean absolute differences of two sets of images, (N, 3, H, W) and (M, 3, H, W)."""
    return torch.cdist(one.flatten(1), other.flatten(1), p=1) / one[0].numel()


def share_repeated(images: Tensor) -> float:
    """Return the share of images that are the same as another of them. images: (N, 3, H, W), two or more."""
    apart = mean_differences(images, images).fill_diagonal_(torch.inf)
    return (apart.amin(dim=1) < SAME).float().mean().item()
