"""Random augmentations of batches of images: what is random is drawn on the CPU, and applied where the images are."""

import torch
import torch.nn.functional as F
from torch import Tensor

from ml.runtime import move


def draw_uniform(low: float, high: float, count: int, generator: torch.Generator) -> Tensor:
    return low + (high - low) * torch.rand(count, generator=generator)


def draw_crops(count: int, generator: torch.Generator, *, least: float) -> Tensor:
    """Draw a random part of each of `count` images, half of them mirrored: affine maps (B, 2, 3) for `crop`.

    least: the smallest share of the area that is kept; sides are stretched by up to 4/3.
    """
    area = draw_uniform(least, 1, count, generator)
    stretch = (4 / 3) ** draw_uniform(-0.5, 0.5, count, generator)
    width, height = (area.sqrt() * stretch).clamp(max=1), (area.sqrt() / stretch).clamp(max=1)
    sign = torch.where(torch.rand(count, generator=generator) < 0.5, -1.0, 1.0)
    theta = torch.zeros(count, 2, 3)
    theta[:, 0, 0], theta[:, 1, 1] = sign * width, height
    theta[:, 0, 2] = (1 - width) * draw_uniform(-1, 1, count, generator)
    theta[:, 1, 2] = (1 - height) * draw_uniform(-1, 1, count, generator)
    return theta


def crop(images: Tensor, theta: Tensor) -> Tensor:
    """Crop the parts (B, 2, 3) of the images (B, 3, H, W), resized to the image's size."""
    grid = F.affine_grid(move(theta, images.device), list(images.shape), align_corners=False)
    return F.grid_sample(images, grid, padding_mode="border", align_corners=False)


def draw_colours(count: int, generator: torch.Generator, *, strength: float, grey: float) -> Tensor:
    """Draw changes of hue, saturation, brightness and contrast for `change_colours`: (B, 3, 4).

    strength: 0 changes nothing, 1 is as strong as SimCLR's. grey: the share made grey. Hue and saturation are one
    random 3x3 matrix, a rotation about the grey axis times a stretch from it, which is faster than SimCLR's way over
    HSV; the fourth column is the weight of the image's mean.
    """
    angle = draw_uniform(-1.25 * strength, 1.25 * strength, count, generator)  # radians
    saturation = 1 + draw_uniform(-0.8 * strength, 0.8 * strength, count, generator)
    saturation = torch.where(torch.rand(count, generator=generator) < grey, 0.0, saturation)
    brightness = 1 + draw_uniform(-0.5 * strength, 0.5 * strength, count, generator)
    contrast = 1 + draw_uniform(-0.6 * strength, 0.6 * strength, count, generator)
    axis = torch.full((3, 3), 1 / 3)
    across = torch.tensor([[0.0, -1.0, 1.0], [1.0, 0.0, -1.0], [-1.0, 1.0, 0.0]]) / 3**0.5
    turn = angle.cos().view(-1, 1, 1) * (torch.eye(3) - axis) + angle.sin().view(-1, 1, 1) * across
    matrix = (axis + saturation.view(-1, 1, 1) * turn) * (brightness * contrast).view(-1, 1, 1)
    of_mean = ((1 - contrast) * brightness).view(-1, 1, 1).expand(-1, 3, 1)
    return torch.cat([matrix, of_mean], dim=2)


def change_colours(images: Tensor, changes: Tensor) -> Tensor:
    """Apply changes (B, 3, 4) of `draw_colours` to images (B, 3, H, W) in [0, 1]."""
    changes = move(changes, images.device)
    offset = changes[:, :, 3:] * images.mean(dim=(1, 2, 3)).view(-1, 1, 1)
    mixed = torch.baddbmm(offset, changes[:, :, :3], images.flatten(2))
    return mixed.view_as(images).clamp_(0, 1)


def shift(images: Tensor) -> Tensor:
    """Shift each image by up to an eighth of its side, against overfitting to few images.

    images: (B, 3, H, W) in [-1, 1]; uncovered borders become 0. Gradients pass; the random numbers are torch's global
    ones. Zhao et al. 2020, arXiv:2006.10738, whose other two augmentations, colour and cutout, cost more than they
    saved: see docs/designs.md.
    """
    height, width = images.shape[2:]
    rows, columns = _window(len(images), height, images.device), _window(len(images), width, images.device)
    padded = F.pad(images, (width // 8, width // 8, height // 8, height // 8)).permute(0, 2, 3, 1)
    each = torch.arange(len(images), device=images.device)[:, None, None]
    return padded[each, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2)


def _window(count: int, side: int, device: torch.device) -> Tensor:
    """Return (count, side) consecutive indices into a padded side, from a random start for each image."""
    return torch.randint(2 * (side // 8) + 1, (count, 1), device=device) + torch.arange(side, device=device)
