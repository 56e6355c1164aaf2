"""Image encoders of personal methods that are trained end to end."""

import torch
from torch import Tensor, nn

from ml.contract import unit
from ml.data.images import ImageArray
from ml.nn.descriptors import HISTOGRAM, HOG, LAYOUT, colour_histogram, describe_layout, describe_shape
from ml.nn.inference import compute_features
from ml.nn.networks import Trunk
from ml.nn.pca import Pca

DESCRIPTORS = 700


class Descriptors(nn.Module):
    """Shape, colour and layout of an image on a catalogue's principal components: vectors (B, 700) of length 1.

    They tell nearly all products apart, with nothing fitted but the components.
    """

    side = 64

    def __init__(self) -> None:
        super().__init__()
        self.shape = Pca(2 * HOG, 400, whitening=0.5)
        self.colour = Pca(HISTOGRAM, 100, whitening=0.25)
        self.layout = Pca(LAYOUT, 200, whitening=0.5)

    def on_fit_start(self, images: ImageArray, sample: Tensor, device: torch.device) -> None:
        """Fit the principal components on a sample of images. sample: (N,) indices."""
        for pca, function in (
            (self.shape, describe_shape),
            (self.colour, colour_histogram),
            (self.layout, describe_layout),
        ):
            pca.fit(compute_features(function, images, sample, device))

    def describe(self, images: Tensor) -> Tensor:
        """Compute (B, 700) descriptors of images (B, 3, 64, 64) in [0, 1]."""
        parts = (
            unit(self.shape(describe_shape(images))),
            0.7 * unit(self.colour(colour_histogram(images))),
            0.5 * unit(self.layout(describe_layout(images))),
        )
        return unit(torch.cat(parts, dim=1))


class SmallEncoder(Descriptors):
    """Phi(X) = W [d(X), c(X)], of the fixed descriptors d and a small convolutional network c; minutes of a CPU.

    From d, W learns from a few thousand interactions what c would need millions for. d is computed once an image.
    """

    def __init__(self, dimensions: int) -> None:
        super().__init__()
        self.trunk = Trunk((16, 32, 64)).to(memory_format=torch.channels_last)
        self.last = nn.Linear(DESCRIPTORS + self.trunk.features, dimensions, bias=False)

    def on_fit_start(self, images: ImageArray, sample: Tensor, device: torch.device) -> None:
        super().on_fit_start(images, sample, device)
        # The descriptors have length 1; the trunk joins in as it learns.
        nn.init.normal_(self.last.weight[:, :DESCRIPTORS], std=1 / DESCRIPTORS**0.5)
        nn.init.normal_(self.last.weight[:, DESCRIPTORS:], std=0.1 / self.trunk.features**0.5)

    def forward(self, images: Tensor, descriptors: Tensor) -> Tensor:
        features = self.trunk(images.contiguous(memory_format=torch.channels_last))
        phi: Tensor = self.last(torch.cat([descriptors, features], dim=1))
        return phi  # (B, K)


class CnnF(nn.Module):
    """The encoder of the DVBPR paper: CNN-F (Chatfield et al. 2014) with K outputs; 70,573,874 parameters for K = 50.

    As in the authors' code (kang205/DVBPR): TensorFlow's SAME padding, no normalisation, dropout .5, input in [-1, 1],
    Xavier-uniform weights, biases of zero.
    """

    side = 224

    def __init__(self, dimensions: int) -> None:
        super().__init__()
        self.trunk = nn.Sequential(
            nn.ZeroPad2d((3, 4, 3, 4)),  # SAME for 11x11 stride 4 on 224: the smaller half first
            *_convolution(3, 64, 11, stride=4, padding=0),
            nn.MaxPool2d(2),
            *_convolution(64, 256, 5, padding=2),
            nn.MaxPool2d(2),
            *_convolution(256, 256, 3, padding=1),
            *_convolution(256, 256, 3, padding=1),
            *_convolution(256, 256, 3, padding=1),
            nn.MaxPool2d(2),
            nn.Flatten(),
            *(nn.Linear(7 * 7 * 256, 4096), nn.ReLU(), nn.Dropout(0.5)),
            *(nn.Linear(4096, 4096), nn.ReLU(), nn.Dropout(0.5)),
        )
        self.last = nn.Linear(4096, dimensions)

    def on_fit_start(self, images: ImageArray, sample: Tensor, device: torch.device) -> None:
        for parameter in self.parameters():
            if parameter.ndim > 1:
                nn.init.xavier_uniform_(parameter)
            else:
                nn.init.zeros_(parameter)

    def describe(self, images: Tensor) -> Tensor:
        """Return descriptors without any columns, (B, 0): this encoder reads pixels alone."""
        return images.new_empty(len(images), 0)

    def forward(self, images: Tensor, descriptors: Tensor) -> Tensor:
        phi: Tensor = self.last(self.trunk(2 * images - 1))
        return phi  # (B, K)


def _convolution(inputs: int, outputs: int, kernel: int, *, stride: int = 1, padding: int) -> tuple[nn.Module, ...]:
    return nn.Conv2d(inputs, outputs, kernel, stride, padding), nn.ReLU()
