"""What can be read off a picture without learning: shape and colour."""

import itertools
import math

import torch
import torch.nn.functional as F
from torch import Tensor

LUMA = (0.299, 0.587, 0.114)
SRGB_TO_XYZ = (  # rows divided by the white point D65
    (0.43395, 0.37621, 0.18985),
    (0.21260, 0.71520, 0.07220),
    (0.01772, 0.10947, 0.87282),
)


HOG = 7 * 7 * 36  # the length of a 64-pixel picture's hog


def hog(images: Tensor, cell: int = 8, orientations: int = 9) -> Tensor:
    """Histograms of oriented gradients. Dalal & Triggs 2005: unsigned, blocks of 2x2 cells, L2-Hys.

    images: (B, 3, H, W) in [0, 1], sides multiples of `cell`. Returns (B, (H/cell - 1)(W/cell - 1) 4 orientations).
    """
    grey = torch.einsum("bchw,c->bhw", images, images.new_tensor(LUMA))[:, None]
    grey = root(grey)  # their gamma
    padded = F.pad(grey, (1, 1, 1, 1), mode="replicate")
    dx = padded[:, :, 1:-1, 2:] - padded[:, :, 1:-1, :-2]
    dy = padded[:, :, 2:, 1:-1] - padded[:, :, :-2, 1:-1]
    magnitude = root(dx.square() + dy.square())
    angle = torch.atan2(dy, dx).remainder(math.pi) * orientations / math.pi  # (B, 1, H, W) in bins
    bins = torch.arange(orientations, device=images.device).view(1, -1, 1, 1)
    distance = (angle - bins).abs()
    distance = torch.minimum(distance, orientations - distance)  # 0 and 180 degrees are neighbours
    votes = magnitude * (1 - distance).clamp(min=0)  # (B, O, H, W), shared between the two nearest bins
    cells = F.avg_pool2d(votes, cell)
    blocks = F.unfold(cells, 2)  # (B, 4 O, blocks)
    blocks = F.normalize(blocks, dim=1, eps=1e-3).clamp(max=0.2)
    return F.normalize(blocks, dim=1, eps=1e-3).flatten(1)


def root(x: Tensor, slope: float = 16) -> Tensor:
    """The square root, for x >= 0, with gradients of at most `slope`: its own is infinite at 0, as in plain areas."""
    return _Root.apply(x, slope)


class _Root(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x: Tensor, slope: float) -> Tensor:
        y = x.sqrt()
        ctx.save_for_backward(y)
        ctx.slope = slope
        return y

    @staticmethod
    def backward(ctx, grad: Tensor) -> tuple[Tensor, None]:
        (y,) = ctx.saved_tensors
        return grad * (0.5 / y).clamp(max=ctx.slope), None


def foreground(images: Tensor, threshold: float = 0.06) -> Tensor:
    """How surely each pixel is not background: (B, H, W) in [0, 1]; what differs from the border's median colour.

    threshold: the difference in any channel that begins to count; at twice that, it counts in full.
    """
    border = torch.cat([images[:, :, 0], images[:, :, -1], images[:, :, :, 0], images[:, :, :, -1]], dim=2)
    background = border.median(dim=2).values[:, :, None, None]
    difference = (images - background).abs().amax(dim=1)
    return ((difference - threshold) / threshold).clamp(0, 1)


def crop_to_foreground(images: Tensor, margin: float = 1.08, largest: float = 3.3) -> Tensor:
    """The foreground cut out as a square and brought to the picture's size, so that products of all sizes align.

    margin: the square's side by the foreground's longer side; largest: at most this magnification.
    """
    mask = foreground(images)
    left, right = _extent(mask.sum(dim=1))
    top, bottom = _extent(mask.sum(dim=2))
    half = (torch.maximum(right - left, bottom - top) / 2 * margin).clamp(min=1 / largest)
    theta = torch.zeros(len(images), 2, 3, device=images.device)
    theta[:, 0, 0] = theta[:, 1, 1] = half
    theta[:, 0, 2], theta[:, 1, 2] = (left + right) / 2, (top + bottom) / 2
    grid = F.affine_grid(theta, list(images.shape), align_corners=False)
    return F.grid_sample(images, grid, padding_mode="border", align_corners=False)


def _extent(profile: Tensor, tail: float = 0.005) -> tuple[Tensor, Tensor]:
    """(B,) first and last place, -1 to 1, between which all but the tails of each (B, n) profile lies."""
    n = profile.shape[1]
    share = profile.cumsum(dim=1) / profile.sum(dim=1, keepdim=True).clamp(min=1e-6)
    first = (share < tail).sum(dim=1)
    last = (share < 1 - tail).sum(dim=1) + 1
    return first * 2 / n - 1, last.clamp(max=n) * 2 / n - 1


LIGHTNESS_BINS, COLOUR_BINS, COLOUR_REACH = 6, 7, 60.0
HISTOGRAM = LIGHTNESS_BINS * COLOUR_BINS**2


def colour_histogram(images: Tensor) -> Tensor:
    """(B, HISTOGRAM) square roots of the shares that CIELAB colours have in the foreground, trilinearly binned.

    Square roots: the inner product of two such histograms is Hellinger's affinity. CIELAB: equal steps look equal.
    """
    images = F.avg_pool2d(images, 2)  # a quarter of the work
    weight = foreground(images)
    lightness, a, b = cielab(images).unbind(dim=1)
    places = (
        lightness / 100 * (LIGHTNESS_BINS - 1),
        (a / COLOUR_REACH + 1).clamp(0, 2) / 2 * (COLOUR_BINS - 1),
        (b / COLOUR_REACH + 1).clamp(0, 2) / 2 * (COLOUR_BINS - 1),
    )
    counts = (LIGHTNESS_BINS, COLOUR_BINS, COLOUR_BINS)
    floors = [place.floor().clamp(0, count - 2) for place, count in zip(places, counts, strict=True)]
    histogram = images.new_zeros(len(images), HISTOGRAM)
    for corner in itertools.product((0, 1), repeat=3):
        share, index = weight, torch.zeros_like(weight)
        for place, floor, count, step in zip(places, floors, counts, corner, strict=True):
            share = share * (1 - (place - floor - step).abs())
            index = index * count + floor + step
        histogram.scatter_add_(1, index.flatten(1).long(), share.flatten(1))
    # A picture without any foreground has an empty histogram, not an undefined one.
    return root((histogram / histogram.sum(dim=1, keepdim=True).clamp(min=1e-3)).clamp(min=0))


def cielab(images: Tensor) -> Tensor:
    """sRGB (B, 3, H, W) in [0, 1] to CIELAB (D65): lightness 0 to 100, a and b about -100 to 100."""
    linear = torch.where(images > 0.04045, ((images + 0.055) / 1.055) ** 2.4, images / 12.92)
    xyz = torch.einsum("bchw,dc->bdhw", linear, images.new_tensor(SRGB_TO_XYZ))
    f = torch.where(xyz > 0.008856, xyz.clamp(min=1e-6) ** (1 / 3), 7.787 * xyz + 16 / 116)
    x, y, z = f.unbind(dim=1)
    return torch.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], dim=1)


def describe_shape(images: Tensor) -> Tensor:
    """(B, 2 HOG) of the whole picture and of its foreground: .645 against .630 for one (precision@5, articleType)."""
    return torch.cat([hog(images), hog(crop_to_foreground(images))], dim=1)


LAYOUT = 3 * 32 * 32


def describe_layout(images: Tensor) -> Tensor:
    """(B, LAYOUT) what is where: the pixels at half the size."""
    return F.avg_pool2d(images, 2).flatten(1)
