"""A convolutional trunk that a CPU can train in minutes, and the freezing of networks."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise

import torch.nn.functional as F
from torch import Tensor, nn


class Block(nn.Module):
    """Residual block of two 3x3 convolutions. He et al. 2016, arXiv:1512.03385."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, padding=1, bias=False)
        self.norm1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(outputs)
        self.way_round = nn.Sequential()  # the shortcut; saved models have it under this name
        if stride != 1 or inputs != outputs:
            self.way_round = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, x: Tensor) -> Tensor:
        # In place, which saves memory to write: no gradient needs what a batch norm returns.
        y = F.relu(self.norm1(self.conv1(x)), inplace=True)
        y = self.norm2(self.conv2(y))
        y += self.way_round(x)
        return F.relu(y, inplace=True)


class Trunk(nn.Sequential):
    """Residual network of (B, 3, H, W) in [0, 1] to (B, `features`): a stage for each width, the last map pooled 2x2.

    A 5x5 stem with stride and pooling reduces 64 pixels to 16 before the expensive layers. Pooling to 2x2 keeps top
    and bottom apart: slightly better than a global mean in every comparison.
    """

    def __init__(self, widths: tuple[int, ...] = (32, 64, 128)) -> None:
        stages = [Block(w, wider, 2) for w, wider in pairwise(widths)]
        super().__init__(
            nn.Conv2d(3, widths[0], 5, stride=2, padding=2, bias=False),
            nn.BatchNorm2d(widths[0]),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(3, stride=2, padding=1),
            Block(widths[0], widths[0], 1),
            *stages,
            nn.AdaptiveAvgPool2d(2),
            nn.Flatten(),
        )
        self.features = 4 * widths[-1]


@contextmanager
def freeze(network: nn.Module) -> Iterator[None]:
    """Compute no gradients of the network's weights in this context, which saves time; its inputs still get theirs."""
    network.requires_grad_(False)
    yield
    network.requires_grad_(True)
