"""Base of networks that others have trained."""

import torch
from torch import Tensor, nn
from typing_extensions import TypeVar

from ml.configs.similar import NetworkConfig
from ml.contract import SimilarModel, typical_distance, unit
from ml.data.images import ImageArray
from ml.errors import BadSetting
from ml.nn.inference import compute_features
from ml.nn.pca import Pca, sample_indices

PIXELS_AT_ONCE = 2**21  # 42 images of 224 a side, for which VGG's first maps are half a gigabyte each
NetworkConfigT = TypeVar("NetworkConfigT", bound=NetworkConfig, covariant=True)


class PretrainedNetwork(SimilarModel[NetworkConfigT]):
    """Features of a frozen network, on principal components or as they are.

    The square roots of the features, of length 1, are projected on a catalogue's principal components: roots are the
    Hellinger kernel of histograms (Arandjelovic & Zisserman 2012, "three things"), and pooled rectified maps are much
    like histograms. With dimensions=0 the features are compared as they are.

    Weights are stored with the version like those of any method: only training needs their file.
    """

    mean: Tensor
    deviation: Tensor
    scale: Tensor

    def __init__(
        self, config: NetworkConfigT, network: nn.Module, width: int, side: int, mean: Tensor, deviation: Tensor
    ) -> None:
        """Take a network and the mean and deviation, (3,), by which images in [0, 1] are normalised.

        width: the number of features. side: of the images in pixels. Raises BadSetting.
        """
        super().__init__(config)
        if config.dimensions > width:
            raise BadSetting(f"dimensions is {config.dimensions}; {self.method} has {width} features")
        self.image_size = (side, side)
        self.dimensions = config.dimensions or width
        # On a CPU channels last is 1.3 (ResNet-18) to 2 times (SqueezeNet) faster.
        self.network = network.eval().requires_grad_(False).to(memory_format=torch.channels_last)
        self.pca = Pca(width, config.dimensions, config.whitening) if config.dimensions else None
        self.register_buffer("mean", mean[:, None, None])
        self.register_buffer("deviation", deviation[:, None, None])
        if config.distance == "euclidean":
            self.metric = config.distance
            self.register_buffer("scale", torch.ones(()))

    def check(self) -> None:
        self.load_weights()

    def load_weights(self) -> None:
        """Read the file of weights into the network. Raises BadWeights."""
        raise NotImplementedError

    def on_fit_start(self, data: ImageArray, generator: torch.Generator) -> None:
        self.load_weights()

    def on_fit_end(self, data: ImageArray, generator: torch.Generator) -> None:
        if self.pca is None and self.metric == "cosine":
            return
        # 2,048 images do for 128 components: .636 as with twice as many.
        sample = sample_indices(data, generator, max(2048, 4 * self.dimensions if self.pca else 0))
        if self.pca is not None:
            self.pca.fit(compute_features(lambda images: _roots(self.extract(images)), data, sample, self.device))
        if self.metric == "euclidean":
            self.scale.copy_(typical_distance(compute_features(self._describe, data, sample, self.device)))

    def extract(self, images: Tensor) -> Tensor:
        """Compute the bare features (B, F) of (B, 3, H, W) images in [0, 1]."""
        height, width = self.image_size
        chunk = max(1, PIXELS_AT_ONCE // (height * width))
        return torch.cat([self._extract(part) for part in images.split(chunk)])

    def _extract(self, images: Tensor) -> Tensor:
        normal = (images - self.mean) / self.deviation
        return self.compute(normal.contiguous(memory_format=torch.channels_last)).flatten(1)

    def compute(self, images: Tensor) -> Tensor:
        """Compute the features of normalised images."""
        return self.network(images)

    def embed(self, images: Tensor) -> Tensor:
        vectors = self._describe(images)
        return unit(vectors) if self.metric == "cosine" else vectors / self.scale

    def _describe(self, images: Tensor) -> Tensor:
        features = self.extract(images)
        return features if self.pca is None else self.pca(_roots(features))

    def summary(self) -> dict[str, float]:
        return {} if self.pca is None else {"explained_variance": self.pca.explained.item()}


def _roots(features: Tensor) -> Tensor:
    return unit(features.sign() * features.abs().sqrt())
