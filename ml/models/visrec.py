"""visrec, our default for similar styles: shape, colour and a small self-supervised network together."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Annotated

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ml.augment import cropped, recoloured
from ml.configs import Between, Config
from ml.embedding import features_of
from ml.features import HISTOGRAM, HOG, colour_histogram, shapes
from ml.images import ImageArray
from ml.losses import contrastive_loss
from ml.models.base import SimilarModel, unit
from ml.networks import Trunk
from ml.pca import Pca, sample_of

SIDE = 64  # pixels


@dataclass(frozen=True)
class VisrecConfig(Config):
    shape: Annotated[float, Between(0, 10)] = 1.0  # how much each part counts in the cosine, by its square
    colour: Annotated[float, Between(0, 10)] = 0.5
    texture: Annotated[float, Between(0, 10)] = 0.5  # what the network sees
    batch_size: Annotated[int, Between(2, 4096)] = 256  # pictures; each gives two views
    learning_rate: Annotated[float, Between(0, 1)] = 0.002
    temperature: Annotated[float, Between(0.01, 10)] = 0.2
    jitter: Annotated[float, Between(0, 1)] = 1.0  # how strongly colours change between views


class Visrec(SimilarModel):
    """Three descriptors, each of length 1, weighted and joined; the cosine is the weighted mean of theirs.

    - shape: histograms of oriented gradients of the picture and of its foreground alone, on principal components;
    - colour: the foreground's CIELAB histogram, on principal components;
    - texture: a network trained by SimCLR (arXiv:2002.05709) on the catalogue's own pictures, whitened. Its views
      differ strongly in colour, so that it learns what the histogram does not know.
    """

    method = "visrec"
    Config = VisrecConfig
    halves = True
    image_size = (SIDE, SIDE)
    dimensions = 96 + 48 + 96

    def __init__(self, config: VisrecConfig) -> None:
        super().__init__(config)
        self.shape = Pca(2 * HOG, 96, whitening=0.5)
        self.colour = Pca(HISTOGRAM, 48, whitening=0.0)
        self.trunk = Trunk((32, 64, 128, 256)).to(memory_format=torch.channels_last)
        self.projector = nn.Sequential(
            nn.Linear(self.trunk.features, 512, bias=False), nn.BatchNorm1d(512), nn.ReLU(), nn.Linear(512, 128)
        )
        self.texture = Pca(self.trunk.features, 96, whitening=1.0)

    def start(self, data: ImageArray, generator: torch.Generator) -> None:
        # Fewer epochs the more pictures: 22 of 1,200 (a minute on two cores), 10 of 29,690.
        self.epochs = max(1, round(132 / len(data) ** 0.25))
        sample = sample_of(data, generator)
        self.shape.fit(features_of(shapes, data, sample, self.device))
        self.colour.fit(features_of(colour_histogram, data, sample, self.device))

    def players(self) -> dict[str, torch.optim.Optimizer]:
        parameters = [*self.trunk.parameters(), *self.projector.parameters()]
        return {"network": torch.optim.AdamW(parameters, lr=self.config.learning_rate, weight_decay=0.01)}

    def pace(self, done: float) -> float:
        """A short rise, then half a cosine down to nothing."""
        return min(1.0, done / 0.05 + 0.02) * (1 + math.cos(math.pi * done)) / 2

    def batches(self, data: ImageArray, generator: torch.Generator) -> Iterable[tuple[Tensor, ...]]:
        return _Pairs(data, self.config, generator)

    def objectives(self, batch: tuple[Tensor, ...]) -> Iterator[tuple[str, Tensor]]:
        views = torch.cat(batch).contiguous(memory_format=torch.channels_last)  # 1.4 times faster than the default
        z = F.normalize(self.projector(self.trunk(views)).float(), dim=1)
        with torch.autocast(z.device.type, enabled=False):
            loss = contrastive_loss(*z.chunk(2), self.config.temperature)
        yield "network", loss

    def finish(self, data: ImageArray, generator: torch.Generator) -> None:
        sample = sample_of(data, generator)
        self.texture.fit(features_of(self._see, data, sample, self.device))

    def embed(self, images: Tensor) -> Tensor:
        parts = (
            self.config.shape * unit(self.shape(shapes(images))),
            self.config.colour * unit(self.colour(colour_histogram(images))),
            self.config.texture * unit(self.texture(self._see(images))),
        )
        return unit(torch.cat(parts, dim=1))

    def _see(self, images: Tensor) -> Tensor:
        return self.trunk(images.contiguous(memory_format=torch.channels_last))

    def summary(self) -> dict[str, float]:
        return {
            "shape_explained_variance": self.shape.explained.item(),
            "colour_explained_variance": self.colour.explained.item(),
        }


class _Pairs:
    """One epoch of two views of each picture: (views, views), both (B, 3, H, W)."""

    def __init__(self, images: ImageArray, config: VisrecConfig, generator: torch.Generator) -> None:
        self.images, self.config, self.generator = images, config, generator
        self.count = max(1, round(len(images) / config.batch_size))

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        for chosen in torch.randperm(len(self.images), generator=self.generator).tensor_split(self.count):
            pictures = self.images.batch(chosen)
            yield self._view(pictures), self._view(pictures)

    def _view(self, pictures: Tensor) -> Tensor:
        part = cropped(pictures, self.generator, least=0.3)
        return recoloured(part, self.generator, strength=self.config.jitter, grey=0.2 * self.config.jitter)
