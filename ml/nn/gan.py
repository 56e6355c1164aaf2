"""Networks of conditional GANs at 64 pixels: images in [-1, 1], categories as rows of a one-hot (B, C)."""

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

SLOPE = 0.2


class PublishedGenerator(nn.Sequential):
    """Generator of kang205/DVBPR: z and y side by side, (B, 256 + C), to (B, 3, 64, 64).

    3,811,075 parameters for 6 categories.
    """

    def __init__(self, inputs: int, width: int) -> None:
        first = 4 * width
        layers: list[nn.Module] = [nn.Linear(inputs, first * 16), nn.Unflatten(1, (first, 4, 4))]
        layers += _norm(first)
        for wide, narrow, stride in ((4, 4, 2), (4, 4, 1), (4, 4, 2), (4, 4, 1), (4, 2, 2), (2, 1, 2)):
            # TensorFlow's SAME for a transposed convolution of 3.
            layers += [
                nn.ConvTranspose2d(
                    wide * width, narrow * width, 3, stride=stride, padding=1, output_padding=stride - 1
                ),
                *_norm(narrow * width),
            ]
        super().__init__(*layers, nn.ConvTranspose2d(width, 3, 3, padding=1), nn.Tanh())


class PublishedDiscriminator(nn.Module):
    """Discriminator of kang205/DVBPR: (B, 3, 64, 64) and (B, C) to (B,), unbounded.

    4,460,545 parameters for 6 categories.

    The category joins each convolution's input as C channels of one value each.
    """

    def __init__(self, categories: int, width: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList()
        for inputs, outputs in pairwise((3, width, 2 * width, 4 * width, 8 * width)):
            # SAME for a 5x5 of stride 2 on an even side: one row before, two after.
            padded = [nn.ZeroPad2d((1, 2, 1, 2)), nn.Conv2d(inputs + categories, outputs, 5, stride=2)]
            self.layers.append(nn.Sequential(*padded, *(_norm(outputs) if inputs > 3 else [nn.LeakyReLU(SLOPE)])))
        self.last = nn.Linear(8 * width * 16, 1)

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        for layer in self.layers:
            tiled = y[:, :, None, None].expand(-1, -1, *x.shape[2:])
            x = layer(torch.cat([x, tiled], dim=1))
        realism: Tensor = self.last(x.flatten(1))[:, 0]
        return realism


class Generator(nn.Sequential):
    """Generator of z and y side by side, (B, 256 + C), to (B, 3, 64, 64): four doublings by 4x4 kernels.

    Kernels of 4 with stride 2 overlap evenly, so that there is no checkerboard.
    """

    def __init__(self, inputs: int, width: int) -> None:
        first = 8 * width
        layers: list[nn.Module] = [nn.Linear(inputs, first * 16), nn.Unflatten(1, (first, 4, 4))]
        layers += _norm(first)
        for wide, narrow in pairwise((8 * width, 4 * width, 2 * width, width)):
            layers += [nn.ConvTranspose2d(wide, narrow, 4, 2, 1, bias=False), *_norm(narrow)]
        super().__init__(*layers, nn.ConvTranspose2d(width, 3, 4, 2, 1), nn.Tanh())


class Discriminator(nn.Module):
    """Discriminator of (B, 3, 64, 64) and (B, C) to (B,), unbounded: the same for an image alone as in a batch.

    Spectral normalisation in place of batch norms (Miyato et al. 2018, arXiv:1802.05957), but for the last layer, which
    could not reach the 1 and 0 of least squares with it; and the category by a projection (Miyato & Koyama 2018,
    arXiv:1802.05637): last(h) + (V y) . h.
    """

    def __init__(self, categories: int, width: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for inputs, outputs in pairwise((3, width, 2 * width, 4 * width, 8 * width)):
            layers += [spectral_norm(nn.Conv2d(inputs, outputs, 4, 2, 1)), nn.LeakyReLU(SLOPE)]
        self.trunk = nn.Sequential(*layers, nn.Flatten())
        self.last = nn.Linear(8 * width * 16, 1)
        self.of_category = nn.Linear(categories, 8 * width * 16, bias=False)

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        h = self.trunk(x)
        realism: Tensor = self.last(h)[:, 0] + (self.of_category(y) * h).sum(dim=1)
        return realism


class Encoder(nn.Sequential):
    """Encoder of (B, 3, 64, 64) to (B, 2 * latent): the means of z, then the logarithms of their variances."""

    def __init__(self, latent: int, width: int) -> None:
        layers: list[nn.Module] = []
        for inputs, outputs in pairwise((3, width, 2 * width, 4 * width, 8 * width)):
            layers += [nn.Conv2d(inputs, outputs, 4, 2, 1, bias=False), *_norm(outputs)]
        super().__init__(*layers, nn.Flatten(), nn.Linear(8 * width * 16, 2 * latent))


def _norm(channels: int) -> list[nn.Module]:
    return [nn.BatchNorm2d(channels), nn.LeakyReLU(SLOPE)]
