"""Image features that a training leaves as they are, for methods that learn tastes from them."""

from collections.abc import Sequence
from typing import Generic, Self

import torch
from torch import Tensor, nn
from typing_extensions import TypeVar

from ml.configs.base import Config
from ml.configs.methods import method_of
from ml.configs.personal import FrozenConfig
from ml.contract import PersonalModel, SimilarModel
from ml.data.images import ImageArray
from ml.data.interactions import PersonalData
from ml.errors import BadData
from ml.models.factory import create
from ml.nn.encoders import DESCRIPTORS, Descriptors
from ml.nn.inference import BATCH
from ml.nn.pca import sample_indices
from ml.nn.texts import WIDTH, TextFeatures

HALF = 0.5**0.5  # of images and of texts, so that features of both have length 1


class FrozenFeatures(nn.Module):
    """Features (B, `width`) of images (B, 3, H, W) in [0, 1]; an optimizer never changes them."""

    image_size: tuple[int, int]
    width: int

    @staticmethod
    def of(config: FrozenConfig) -> "FrozenFeatures":
        """Create the features that the config names; they are vectors of length 1."""
        return DescriptorFeatures() if config.features == "descriptors" else MethodFeatures(config)

    def check(self) -> None:
        """Raise BadWeights if a file that `on_fit_start` needs is missing or does not fit."""

    def on_fit_start(self, images: ImageArray, generator: torch.Generator) -> None:
        """Read weights and fit principal components: everything that needs images but no interactions."""
        raise NotImplementedError

    def forward(self, images: Tensor) -> Tensor:
        raise NotImplementedError

    def train(self, mode: bool = True) -> Self:
        return super().train(False)  # a network's batch norms and dropout are frozen too


class DescriptorFeatures(FrozenFeatures):
    """Shape, colour and layout: the fixed descriptors of dvbpr's small encoder."""

    image_size = (Descriptors.side, Descriptors.side)
    width = DESCRIPTORS

    def __init__(self) -> None:
        super().__init__()
        self.descriptors = Descriptors()

    def on_fit_start(self, images: ImageArray, generator: torch.Generator) -> None:
        self.descriptors.on_fit_start(images, sample_indices(images, generator), self.descriptors.shape.mean.device)

    def forward(self, images: Tensor) -> Tensor:
        return self.descriptors.describe(images)


class MethodFeatures(FrozenFeatures):
    """The vectors of a similar method."""

    def __init__(self, config: FrozenConfig) -> None:
        super().__init__()
        fields = method_of(config.features).config.model_fields
        settings = {"weights": config.weights, "preprocessing": config.preprocessing}
        method = create(config.features, **{name: value for name, value in settings.items() if name in fields})
        assert isinstance(method, SimilarModel)
        self.method: SimilarModel = method
        self.image_size, self.width = method.image_size, method.dimensions

    def check(self) -> None:
        self.method.check()

    def on_fit_start(self, images: ImageArray, generator: torch.Generator) -> None:
        self.method.on_fit_start(images, generator)
        self.method.on_fit_end(images, generator)

    def forward(self, images: Tensor) -> Tensor:
        return self.method.embed(images)


ConfigT = TypeVar("ConfigT", bound=Config, covariant=True)
FrozenT = TypeVar("FrozenT", bound=FrozenFeatures | SimilarModel, covariant=True, default=FrozenFeatures)


class FeatureModel(PersonalModel[ConfigT], Generic[ConfigT, FrozenT]):
    """Base of methods that learn tastes from frozen features, which are computed once a training."""

    frozen: FrozenT
    image_size: tuple[int, int]
    mean: Tensor
    text: TextFeatures | None

    def __init__(self, config: ConfigT, frozen: FrozenT, width: int) -> None:
        super().__init__(config)
        self.frozen = frozen
        self.image_size = frozen.image_size
        self.reads_texts = isinstance(config, FrozenConfig) and config.text == "yes"
        self.text = TextFeatures() if self.reads_texts else None
        self.width = width + (WIDTH if self.reads_texts else 0)  # F
        # Features of the training images, once they are computed; not saved with the model.
        self.cached_features: Tensor | None = None
        self.register_buffer("mean", torch.zeros(self.width))  # of the features, over the catalogue

    def check(self) -> None:
        self.frozen.check()

    def on_fit_start(self, data: PersonalData, generator: torch.Generator) -> None:
        self.cached_features = None
        self.frozen.on_fit_start(images_of(data), generator)
        if self.text:
            self.text.fit(texts_of(data, self.method), generator)

    def extract(self, images: Tensor, texts: Sequence[str] | None = None) -> Tensor:
        """Compute the features (B, F) of (B, 3, H, W) images in [0, 1], and of texts if the model reads them.

        An item whose text is not known has the mean of the catalogue's.
        """
        features: Tensor = self.frozen(images)
        if self.text is None:
            return features
        return HALF * torch.cat([features, self.text(texts, len(images))], dim=1)

    def catalogue_features(self, data: PersonalData) -> Tensor:
        """Return the features of all training images, (n_items, F) float16, and set their mean at the first call.

        They stay on the model's device until the training ends; float16, since some are 51,200 numbers an image.
        """
        if self.cached_features is None:
            images = images_of(data)
            self.cached_features = self.mean.new_empty(len(images), len(self.mean), dtype=torch.float16)
            total = torch.zeros_like(self.mean, dtype=torch.float64)
            with torch.no_grad():
                for chosen in torch.arange(len(images)).split(BATCH):
                    texts = [texts_of(data, self.method)[index] for index in chosen.tolist()] if self.text else None
                    rows = self.extract(images.batch(chosen, self.device), texts)
                    self.cached_features[chosen] = rows.half()
                    total += rows.double().sum(dim=0)
            self.mean.copy_(total / len(images))
        return self.cached_features

    def item_features(self, items: Tensor) -> Tensor:
        """Return the cached features of items (B,): (B, F) float32."""
        assert self.cached_features is not None
        return self.cached_features[items].float()

    def on_fit_end(self, data: PersonalData, generator: torch.Generator) -> None:
        self.cached_features = None


def texts_of(data: PersonalData, method: str) -> Sequence[str]:
    """Return the texts of the data's items. Raises BadData if there are none."""
    if data.texts is None:
        raise BadData(f"{method} with text=yes reads titles, and the data have none; items.csv may give them")
    return data.texts


def images_of(data: PersonalData) -> ImageArray:
    """Return the images of the data, which a method with an `image_size` is always given."""
    assert data.images is not None
    return data.images
