"""What is seen in a picture without having learned from shoppers, for methods that learn what these make of it."""

from typing import Self, TypeVar

import torch
from torch import Tensor, nn

from ml.configs.backbones import BACKBONES
from ml.configs.base import Config
from ml.configs.methods import METHODS
from ml.configs.personal import FrozenConfig
from ml.contract import PersonalModel
from ml.data.images import ImageArray
from ml.data.interactions import PersonalData
from ml.models.factory import create
from ml.nn.encoders import DESCRIPTORS, Descriptors
from ml.nn.inference import BATCH
from ml.nn.pca import sample_of

NAMES = ("descriptors", "pixels", "histogram", "hog", "hog+histogram", *BACKBONES)


C = TypeVar("C", bound=Config)


class FrozenFeatures(nn.Module):
    """(B, 3, H, W) in [0, 1] to (B, `width`), the same before and after a training."""

    image_size: tuple[int, int]
    width: int

    @staticmethod
    def of(config: FrozenConfig) -> "FrozenFeatures":
        """Those of a config's name; vectors of length 1."""
        return DescriptorFeatures() if config.features == "descriptors" else MethodFeatures(config)

    def check(self) -> None:
        """Raises BadWeights if `start` would."""

    def on_fit_start(self, images: ImageArray, generator: torch.Generator) -> None:
        """Read weights, find principal components: all that needs no shopper."""
        raise NotImplementedError

    def train(self, mode: bool = True) -> Self:
        return super().train(False)  # a network's batch norms and dropout are frozen too


class DescriptorFeatures(FrozenFeatures):
    image_size = (Descriptors.side, Descriptors.side)
    width = DESCRIPTORS

    def __init__(self) -> None:
        super().__init__()
        self.descriptors = Descriptors()

    def on_fit_start(self, images: ImageArray, generator: torch.Generator) -> None:
        self.descriptors.on_fit_start(images, sample_of(images, generator), self.descriptors.shape.mean.device)

    def forward(self, images: Tensor) -> Tensor:
        return self.descriptors.describe(images)


class MethodFeatures(FrozenFeatures):
    """The vectors of a similar method."""

    def __init__(self, config: FrozenConfig) -> None:
        super().__init__()
        known = METHODS[config.features].config.model_fields
        asked = {"weights": config.weights, "preprocessing": config.preprocessing}
        self.method = create(config.features, **{key: value for key, value in asked.items() if key in known})
        self.image_size, self.width = self.method.image_size, self.method.dimensions

    def check(self) -> None:
        self.method.check()

    def on_fit_start(self, images: ImageArray, generator: torch.Generator) -> None:
        self.method.on_fit_start(images, generator)
        self.method.on_fit_end(images, generator)

    def forward(self, images: Tensor) -> Tensor:
        return self.method.embed(images)


class FeatureModel(PersonalModel[C]):
    """What is the same for all who learn tastes from features that they leave alone: these, once a training."""

    def __init__(self, config: C, frozen: nn.Module, width: int) -> None:
        super().__init__(config)
        self.frozen = frozen
        self.image_size = frozen.image_size
        self.seen: Tensor | None = None  # in the pictures trained on, once computed; no part of the model
        self.register_buffer("mean", torch.zeros(width))  # over the catalogue

    def check(self) -> None:
        self.frozen.check()

    def on_fit_start(self, data: PersonalData, generator: torch.Generator) -> None:
        self.seen = None
        self.frozen.on_fit_start(data.images, generator)

    def see(self, images: Tensor) -> Tensor:
        """(B, 3, H, W) in [0, 1] to (B, F)."""
        return self.frozen(images)

    def features(self, data: PersonalData) -> Tensor:
        """(n_items, F) float16, where the model is, since some are 51,200 numbers a picture; and sets their mean."""
        if self.seen is None:
            self.seen = self.mean.new_empty(len(data.images), len(self.mean), dtype=torch.float16)
            total = torch.zeros_like(self.mean, dtype=torch.float64)
            with torch.no_grad():
                for chosen in torch.arange(len(data.images)).split(BATCH):
                    rows = self.see(data.images.batch(chosen).to(self.device))
                    self.seen[chosen] = rows.half()
                    total += rows.double().sum(dim=0)
            self.mean.copy_(total / len(data.images))
        return self.seen

    def on_fit_end(self, data: PersonalData, generator: torch.Generator) -> None:
        self.seen = None
