"""Descriptors of shape and colour that need no training."""

import itertools
import math
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

LUMA = (0.299, 0.587, 0.114)
SRGB_TO_XYZ = (  # rows divided by the white point D65
    (0.43395, 0.37621, 0.18985),
    (0.21260, 0.71520, 0.07220),
    (0.01772, 0.10947, 0.87282),
)


HOG = 7 * 7 * 36  # the length of hog() of a 64-pixel image
TOGETHER = 32  # images whose gradients stay in a processor's cache, as those of 256 do not


def hog(images: Tensor, cell: int = 8, orientations: int = 9) -> Tensor:
    """Compute histograms of oriented gradients (Dalal & Triggs 2005): unsigned, blocks of 2x2 cells, L2-Hys.

    images: (B, 3, H, W) in [0, 1], sides multiples of `cell`. Returns (B, (H/cell - 1)(W/cell - 1) 4 orientations).
    """
    return torch.cat([_hog(some, cell, orientations) for some in images.split(TOGETHER)])


def _hog(images: Tensor, cell: int, orientations: int) -> Tensor:
    grey = torch.einsum("bchw,c->bhw", images, images.new_tensor(LUMA))[:, None]
    grey = bounded_sqrt(grey)  # their gamma
    padded = F.pad(grey, (1, 1, 1, 1), mode="replicate")[:, 0]
    dx = padded[:, 1:-1, 2:] - padded[:, 1:-1, :-2]
    dy = padded[:, 2:, 1:-1] - padded[:, :-2, 1:-1]
    magnitude = bounded_sqrt(dx.square() + dy.square()) / cell**2
    angle = torch.atan2(dy, dx).remainder(math.pi) * (orientations / math.pi)  # (B, H, W) in bins
    lower = angle.detach().floor()
    share = magnitude * (angle - lower)  # the upper one's of the two nearest bins
    # Added to these two: sooner done than a sum over all bins, most of which get nothing of a pixel.
    rows, columns = (torch.arange(side, device=images.device) // cell for side in angle.shape[1:])
    height, width = angle.shape[1] // cell, angle.shape[2] // cell
    positions = (lower.long() * height + rows[:, None]).mul_(width).add_(columns).flatten(1)
    cells = images.new_zeros(len(images), (orientations + 2) * height * width)
    cells = cells.scatter_add(1, positions, (magnitude - share).flatten(1))
    cells = cells.scatter_add(1, positions + height * width, share.flatten(1)).view(len(images), -1, height, width)
    # 180 degrees are 0.
    cells = torch.cat([cells[:, :2] + cells[:, orientations:], cells[:, 2:orientations]], dim=1)
    blocks = F.unfold(cells, 2)  # (B, 4 O, blocks)
    blocks = F.normalize(blocks, dim=1, eps=1e-3).clamp(max=0.2)
    return F.normalize(blocks, dim=1, eps=1e-3).flatten(1)


def bounded_sqrt(x: Tensor, slope: float = 16) -> Tensor:
    """Return the square root of x >= 0, with gradients of at most `slope`: its own is infinite at 0, in plain areas."""
    y: Tensor = _BoundedSqrt.apply(x, slope)
    return y


class _BoundedSqrt(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, slope: float) -> Tensor:  # Any: torch types its contexts so itself
        y = x.sqrt()
        ctx.save_for_backward(y)
        ctx.slope = slope
        return y

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None]:
        (y,) = ctx.saved_tensors
        return grad * (0.5 / y).clamp(max=ctx.slope), None


def segment_foreground(images: Tensor, threshold: float = 0.06) -> Tensor:
    """Return a soft mask of the foreground, (B, H, W) in [0, 1]: pixels unlike the border's median colour.

    threshold: the difference in any channel above which the mask leaves 0; at twice that, it is 1.
    """
    border = torch.cat([images[:, :, 0], images[:, :, -1], images[:, :, :, 0], images[:, :, :, -1]], dim=2)
    background = border.median(dim=2).values[:, :, None, None]
    difference = (images - background).abs().amax(dim=1)
    return ((difference - threshold) / threshold).clamp(0, 1)


def crop_to_foreground(images: Tensor, margin: float = 1.08, largest: float = 3.3) -> Tensor:
    """Cut the foreground out as a square and scale it to the image's size, so that products of all sizes align.

    margin: the square's side by the foreground's longer side; largest: at most this magnification.
    """
    mask = segment_foreground(images)
    left, right = _extent(mask.sum(dim=1))
    top, bottom = _extent(mask.sum(dim=2))
    half = (torch.maximum(right - left, bottom - top) / 2 * margin).clamp(min=1 / largest)
    theta = torch.zeros(len(images), 2, 3, device=images.device)
    theta[:, 0, 0] = theta[:, 1, 1] = half
    theta[:, 0, 2], theta[:, 1, 2] = (left + right) / 2, (top + bottom) / 2
    grid = F.affine_grid(theta, list(images.shape), align_corners=False)
    return F.grid_sample(images, grid, padding_mode="border", align_corners=False)


def _extent(profile: Tensor, tail: float = 0.005) -> tuple[Tensor, Tensor]:
    """Return the (B,) first and last position, -1 to 1, between which all but the tails of each (B, n) profile lie."""
    n = profile.shape[1]
    share = profile.cumsum(dim=1) / profile.sum(dim=1, keepdim=True).clamp(min=1e-6)
    first = (share < tail).sum(dim=1)
    last = (share < 1 - tail).sum(dim=1) + 1
    return first * 2 / n - 1, last.clamp(max=n) * 2 / n - 1


LIGHTNESS_BINS, COLOUR_BINS, COLOUR_REACH = 6, 7, 60.0
HISTOGRAM = LIGHTNESS_BINS * COLOUR_BINS**2


def colour_histogram(images: Tensor) -> Tensor:
    """Compute (B, HISTOGRAM) square roots of the shares of CIELAB colours in the foreground, trilinearly binned.

    Square roots: the inner product of two such histograms is Hellinger's affinity. CIELAB: equal steps look equal.
    """
    images = F.avg_pool2d(images, 2)  # a quarter of the work
    weight = segment_foreground(images)
    lightness, a, b = rgb_to_lab(images).unbind(dim=1)
    positions = (
        lightness / 100 * (LIGHTNESS_BINS - 1),
        (a / COLOUR_REACH + 1).clamp(0, 2) / 2 * (COLOUR_BINS - 1),
        (b / COLOUR_REACH + 1).clamp(0, 2) / 2 * (COLOUR_BINS - 1),
    )
    counts = (LIGHTNESS_BINS, COLOUR_BINS, COLOUR_BINS)
    lower = [position.floor().clamp(0, count - 2) for position, count in zip(positions, counts, strict=True)]
    histogram = images.new_zeros(len(images), HISTOGRAM)
    for corner in itertools.product((0, 1), repeat=3):
        share, index = weight, torch.zeros_like(weight)
        for position, low, count, step in zip(positions, lower, counts, corner, strict=True):
            share = share * (1 - (position - low - step).abs())
            index = index * count + low + step
        histogram.scatter_add_(1, index.flatten(1).long(), share.flatten(1))
    # An image without any foreground has an empty histogram, not an undefined one.
    return bounded_sqrt((histogram / histogram.sum(dim=1, keepdim=True).clamp(min=1e-3)).clamp(min=0))


def rgb_to_lab(images: Tensor) -> Tensor:
    """Convert sRGB (B, 3, H, W) in [0, 1] to CIELAB (D65): lightness 0 to 100, a and b about -100 to 100."""
    linear = torch.where(images > 0.04045, ((images + 0.055) / 1.055) ** 2.4, images / 12.92)
    xyz = torch.einsum("bchw,dc->bdhw", linear, images.new_tensor(SRGB_TO_XYZ))
    f = torch.where(xyz > 0.008856, xyz.clamp(min=1e-6) ** (1 / 3), 7.787 * xyz + 16 / 116)
    x, y, z = f.unbind(dim=1)
    return torch.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], dim=1)


def describe_shape(images: Tensor) -> Tensor:
    """Compute the HOG of the whole image and of its foreground, (B, 2 HOG).

    Both reach a precision@5 of .645 over articleType, one alone .630.
    """
    return torch.cat([hog(images), hog(crop_to_foreground(images))], dim=1)


LAYOUT = 3 * 32 * 32


def describe_layout(images: Tensor) -> Tensor:
    """Return the pixels at half the size, (B, LAYOUT)."""
    return F.avg_pool2d(images, 2).flatten(1)
