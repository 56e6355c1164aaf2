"""pixels: similar pixels, the simplest baseline of all."""

import torch
from torch import Tensor

from ml.configs.similar import PixelsConfig
from ml.contract import SimilarModel, unit
from ml.data.images import ImageArray
from ml.nn.inference import compute_features
from ml.nn.pca import Pca, sample_indices


class Pixels(SimilarModel[PixelsConfig]):
    """The pixels of small images on their principal components: eigenfaces (Turk & Pentland 1991), half whitened."""

    method = "pixels"

    def __init__(self, config: PixelsConfig) -> None:
        super().__init__(config)
        self.image_size = (config.image_size, config.image_size)
        self.dimensions = config.dimensions
        self.pca = Pca(3 * config.image_size**2, config.dimensions, config.whitening)

    def on_fit_start(self, data: ImageArray, generator: torch.Generator) -> None:
        self.pca.fit(compute_features(lambda images: images.flatten(1), data, sample_indices(data, generator)))

    def embed(self, images: Tensor) -> Tensor:
        return unit(self.pca(images.flatten(1)))

    def summary(self) -> dict[str, float]:
        return {"explained_variance": self.pca.explained.item()}
