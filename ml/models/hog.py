"""Shape alone."""

from dataclasses import dataclass
from typing import Annotated

import torch
from torch import Tensor

from ml.configs import Between, Config
from ml.contract import SimilarModel, unit
from ml.data.images import ImageArray
from ml.nn.descriptors import HOG, hog
from ml.nn.inference import features_of
from ml.nn.pca import Pca, sample_of


@dataclass(frozen=True)
class HogConfig(Config):
    dimensions: Annotated[int, Between(2, 1024)] = 128  # principal components kept
    whitening: Annotated[float, Between(0, 1)] = 0.5


class Hog(SimilarModel):
    """Histograms of oriented gradients (Dalal & Triggs 2005) on their principal components."""

    method = "hog"
    Config = HogConfig
    image_size = (64, 64)

    def __init__(self, config: HogConfig) -> None:
        super().__init__(config)
        self.dimensions = config.dimensions
        self.pca = Pca(HOG, config.dimensions, config.whitening)

    def on_fit_start(self, data: ImageArray, generator: torch.Generator) -> None:
        self.pca.fit(features_of(hog, data, sample_of(data, generator), self.device))

    def embed(self, images: Tensor) -> Tensor:
        return unit(self.pca(hog(images)))

    def summary(self) -> dict[str, float]:
        return {"explained_variance": self.pca.explained.item()}
