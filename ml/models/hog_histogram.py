"""hog+histogram: similar shape and colour, the baseline that a trained network must beat."""

import torch
from torch import Tensor

from ml.configs.similar import HogConfig
from ml.contract import SimilarModel, unit
from ml.data.images import ImageArray
from ml.nn.descriptors import HISTOGRAM, HOG, colour_histogram, hog
from ml.nn.inference import compute_features
from ml.nn.pca import Pca, sample_indices

COLOUR = 0.5  # length of the histogram beside 1 of the gradients: colour is a fifth of the cosine


class HogHistogram(SimilarModel[HogConfig]):
    """The vectors of `hog` and `histogram`, each of length 1, concatenated with the latter halved."""

    method = "hog+histogram"
    image_size = (64, 64)

    def __init__(self, config: HogConfig) -> None:
        super().__init__(config)
        self.dimensions = config.dimensions + HISTOGRAM
        self.pca = Pca(HOG, config.dimensions, config.whitening)

    def on_fit_start(self, data: ImageArray, generator: torch.Generator) -> None:
        self.pca.fit(compute_features(hog, data, sample_indices(data, generator), self.device))

    def embed(self, images: Tensor) -> Tensor:
        parts = unit(self.pca(hog(images))), COLOUR * unit(colour_histogram(images))
        return unit(torch.cat(parts, dim=1))

    def summary(self) -> dict[str, float]:
        return {"explained_variance": self.pca.explained.item()}
