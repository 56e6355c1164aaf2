"""hog: similar shape."""

import torch
from torch import Tensor

from ml.configs.similar import HogConfig
from ml.contract import SimilarModel, unit
from ml.data.images import ImageArray
from ml.nn.descriptors import HOG, hog
from ml.nn.inference import compute_features
from ml.nn.pca import Pca, sample_indices


class Hog(SimilarModel[HogConfig]):
    """Histograms of oriented gradients (Dalal & Triggs 2005) on their principal components."""

    method = "hog"
    image_size = (64, 64)

    def __init__(self, config: HogConfig) -> None:
        super().__init__(config)
        self.dimensions = config.dimensions
        self.pca = Pca(HOG, config.dimensions, config.whitening)

    def on_fit_start(self, data: ImageArray, generator: torch.Generator) -> None:
        self.pca.fit(compute_features(hog, data, sample_indices(data, generator), self.device))

    def embed(self, images: Tensor) -> Tensor:
        return unit(self.pca(hog(images)))

    def summary(self) -> dict[str, float]:
        return {"explained_variance": self.pca.explained.item()}
