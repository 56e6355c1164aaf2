"""Chance views of pictures, by the batch."""

import torch
import torch.nn.functional as F
from torch import Tensor


def uniform(low: float, high: float, count: int, generator: torch.Generator) -> Tensor:
    return low + (high - low) * torch.rand(count, generator=generator)


def moved(images: Tensor, generator: torch.Generator, *, shift: float, zoom: float, flip: bool = True) -> Tensor:
    """Each picture mirrored or not, moved and resized about its middle; what comes in from outside is its border.

    images: (B, 3, H, W). shift: at most this fraction of a side; zoom: at most this factor, up or down.
    """
    count = len(images)
    scale = zoom ** uniform(-1, 1, count, generator)
    sign = torch.where(torch.rand(count, generator=generator) < 0.5, -1.0, 1.0) if flip else torch.ones(count)
    theta = torch.zeros(count, 2, 3)
    theta[:, 0, 0], theta[:, 1, 1] = sign / scale, 1 / scale
    theta[:, :, 2] = uniform(-2 * shift, 2 * shift, 2 * count, generator).view(count, 2)  # a side is 2 long there
    grid = F.affine_grid(theta, list(images.shape), align_corners=False)
    return F.grid_sample(images, grid, padding_mode="border", align_corners=False)
