"""The picture itself: the first rung of the ladder for whatever claims to see more."""

from dataclasses import dataclass
from typing import Annotated

import torch
from torch import Tensor

from ml.configs import Between, Config
from ml.contract import SimilarModel, unit
from ml.data.images import ImageArray
from ml.nn.inference import features_of
from ml.nn.pca import Pca, sample_of


@dataclass(frozen=True)
class PixelsConfig(Config):
    image_size: Annotated[int, Between(4, 64)] = 32  # pixels a side
    dimensions: Annotated[int, Between(2, 1024)] = 128  # principal components kept
    whitening: Annotated[float, Between(0, 1)] = 0.5  # .605 against .578 for bare pixels (precision@5, articleType)


class Pixels(SimilarModel):
    """Small pixels on their principal components: eigenfaces (Turk & Pentland 1991), half whitened."""

    method = "pixels"
    Config = PixelsConfig

    def __init__(self, config: PixelsConfig) -> None:
        super().__init__(config)
        self.image_size = (config.image_size, config.image_size)
        self.dimensions = config.dimensions
        self.pca = Pca(3 * config.image_size**2, config.dimensions, config.whitening)

    def on_fit_start(self, data: ImageArray, generator: torch.Generator) -> None:
        self.pca.fit(features_of(lambda images: images.flatten(1), data, sample_of(data, generator)))

    def embed(self, images: Tensor) -> Tensor:
        return unit(self.pca(images.flatten(1)))

    def summary(self) -> dict[str, float]:
        return {"explained_variance": self.pca.explained.item()}
