"""visrec, our default for similar styles: shape, the features of a small self-supervised network, and colour."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, partial

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ml.configs.similar import VISREC_BACKBONE_SIDE, VisrecConfig
from ml.contract import Batches, SimilarModel, unit
from ml.data.decoding import CutOut
from ml.data.images import ChosenImages, ImageArray
from ml.group import gather
from ml.models.factory import create
from ml.nn.augment import change_colours, crop, draw_colours, draw_crops
from ml.nn.descriptors import (
    HISTOGRAM,
    HOG,
    LAYOUT,
    colour_histogram,
    crop_to_foreground,
    describe_layout,
    describe_shape,
)
from ml.nn.discriminant import Discriminant
from ml.nn.inference import compute_features
from ml.nn.losses import contrastive_loss
from ml.nn.networks import Trunk
from ml.nn.pca import Pca, sample_indices

SIDE = 64  # pixels
FORM, COLOUR = 208, 48  # dimensions of the two parts


class Visrec(SimilarModel[VisrecConfig]):
    """Two parts, each of length 1, weighted and joined; the cosine is the weighted mean of theirs.

    - form: histograms of oriented gradients of the image and of its foreground, the foreground's pixels, and the
      features of a network trained by SimCLR (arXiv:2002.05709) on the catalogue's own images, in views that differ
      strongly in colour; where a shop has ImageNet weights, also a backbone's features. All on principal components,
      joined, and projected on the directions that separate an image from all but its nearest neighbours.
    - colour: the foreground's CIELAB histogram, on principal components.
    """

    method = "visrec"
    is_shareable = True
    use_bf16 = True
    image_size = (SIDE, SIDE)
    dimensions = FORM + COLOUR

    def __init__(self, config: VisrecConfig) -> None:
        super().__init__(config)
        self.shape = Pca(2 * HOG, 400, whitening=0.5)
        self.layout = Pca(LAYOUT, 150, whitening=0.5)
        self.trunk = Trunk((32, 64, 128, 256)).to(memory_format=torch.channels_last)
        self.projector = nn.Sequential(
            nn.Linear(self.trunk.features, 512, bias=False), nn.BatchNorm1d(512), nn.ReLU(), nn.Linear(512, 128)
        )
        self.texture = Pca(self.trunk.features, 256, whitening=0.5)
        joined = 400 + 150 + 256
        self.backbone: SimilarModel | None = None
        if config.backbone != "none":
            self.backbone = _backbone(config)
            self.image_size = self.backbone.image_size
            joined += self.backbone.dimensions
        if config.ground == "cut out":
            self.image_size = CutOut(self.image_size)
        self.form = Discriminant(joined, FORM)
        self.colour = Pca(HISTOGRAM, COLOUR, whitening=0.0)

    def check(self) -> None:
        if self.backbone is not None:
            self.backbone.check()

    def on_fit_start(self, data: ImageArray, generator: torch.Generator) -> None:
        # Fewer epochs the more images: 22 of 1,200 (a minute on two cores), 10 of 29,690.
        self.epochs = max(1, round(132 / len(data) ** 0.25))
        if self.backbone is not None:
            self.backbone.on_fit_start(data, generator)

    def optimizers(self) -> dict[str, torch.optim.Optimizer]:
        parameters = [*self.trunk.parameters(), *self.projector.parameters()]
        return {"network": torch.optim.AdamW(parameters, lr=self.config.learning_rate, weight_decay=0.01)}

    def lr_factor(self, done: float) -> float:
        """Return a factor that rises for a twentieth of the training, then falls along half a cosine to 0."""
        return min(1.0, done / 0.05 + 0.02) * (1 + math.cos(math.pi * done)) / 2

    def batches(self, data: ImageArray, generator: torch.Generator) -> Batches:
        return _ViewPairs(data, self.config, generator)

    def objectives(self, batch: tuple[Tensor, ...]) -> Iterator[tuple[str, Tensor]]:
        one, two = batch
        views = torch.cat([one, two]).contiguous(memory_format=torch.channels_last)  # 1.4 times faster than the default
        z = F.normalize(self.projector(self.trunk(views)).float(), dim=1)
        with torch.autocast(z.device.type, enabled=False):
            z_one, z_two = map(gather, z.chunk(2))
            loss = contrastive_loss(z_one, z_two, self.config.temperature)
        yield "network", loss

    def on_fit_end(self, data: ImageArray, generator: torch.Generator) -> None:
        sample = sample_indices(data, generator)
        if self.backbone is not None:
            self.backbone.on_fit_end(data, generator)
        joined = []
        for weight, pca, function in self._parts():
            features = compute_features(_on_small(function), data, sample, self.device)
            pca.fit(features)
            joined.append(weight * unit(pca(features.to(self.device))).cpu())
        self.colour.fit(compute_features(_on_small(colour_histogram), data, sample, self.device))
        if self.backbone is not None:
            joined.append(compute_features(self.backbone.embed, data, sample, self.device))
        self.form.fit(torch.cat(joined, dim=1))

    def embed(self, images: Tensor) -> Tensor:
        form = unit(self.form(self._join(images)))
        colour = unit(self.colour(colour_histogram(small(images))))
        return unit(torch.cat([form, self.config.colour * colour], dim=1))

    def _join(self, images: Tensor) -> Tensor:
        """Concatenate the parts (B, F) that form is computed from."""
        reduced = small(images)
        joined = [weight * unit(pca(function(reduced))) for weight, pca, function in self._parts()]
        if self.backbone is not None:
            joined.append(self.backbone.embed(images))
        return torch.cat(joined, dim=1)

    def _parts(self) -> tuple[tuple[float, Pca, Callable[[Tensor], Tensor]], ...]:
        """Return the weight, the components and the features of each part of the form but the backbone's."""
        return (
            (1.0, self.shape, describe_shape),
            (0.5, self.layout, _framed_layout),
            (0.5, self.texture, self._texture),
        )

    def _texture(self, images: Tensor) -> Tensor:
        return self.trunk(images.contiguous(memory_format=torch.channels_last))

    def summary(self) -> dict[str, float]:
        return {
            "shape_explained_variance": self.shape.explained.item(),
            "colour_explained_variance": self.colour.explained.item(),
        }


def small(images: Tensor) -> Tensor:
    """Resize (B, 3, H, W) images to (B, 3, SIDE, SIDE); a backbone makes `image_size` larger than that."""
    if images.shape[-1] == SIDE:
        return images
    return F.interpolate(images, (SIDE, SIDE), mode="bilinear", antialias=True, align_corners=False)


def _on_small(function: Callable[[Tensor], Tensor]) -> Callable[[Tensor], Tensor]:
    return lambda images: function(small(images))


def _framed_layout(images: Tensor) -> Tensor:
    return describe_layout(crop_to_foreground(images))


def _backbone(config: VisrecConfig) -> SimilarModel:
    backbone = create(
        config.backbone,
        weights=config.weights,
        preprocessing=config.preprocessing,
        dimensions=256,
        image_size=VISREC_BACKBONE_SIDE,
    )
    assert isinstance(backbone, SimilarModel)
    return backbone


class _ViewPairs:
    """One epoch of two views of each image: (views, views), both (B, 3, H, W), deferred."""

    def __init__(self, images: ImageArray, config: VisrecConfig, generator: torch.Generator) -> None:
        self.images, self.config, self.generator = images, config, generator
        self.count = max(1, round(len(images) / config.batch_size))

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> "Iterator[tuple[_Views, _Views]]":
        for chosen in torch.randperm(len(self.images), generator=self.generator).tensor_split(self.count):
            read = cache(partial(_read_small, ChosenImages(self.images, chosen)))  # once for both views
            yield self._draw(read, len(chosen)), self._draw(read, len(chosen))

    def _draw(self, read: "Read", count: int) -> "_Views":
        crops = draw_crops(count, self.generator, least=0.3)
        jitter = self.config.jitter
        return _Views(read, crops, draw_colours(count, self.generator, strength=jitter, grey=0.2 * jitter))


Read = Callable[
    [torch.device, int, int], Tensor
]  # images of a batch (B, 3, SIDE, SIDE) on a device, from one to another


def _read_small(chosen: ChosenImages, device: torch.device, begin: int, end: int) -> Tensor:
    return small(chosen.part(slice(begin, end)).to(device))


@dataclass(frozen=True)
class _Views:
    """A view of each image of a batch, computed on the device that it is moved to."""

    read: "Read"
    crops: Tensor  # (B, 2, 3)
    colours: Tensor  # (B, 3, 4)
    first: int = 0  # index of the first image

    def __len__(self) -> int:
        return len(self.crops)

    def part(self, rows: slice) -> "_Views":
        return _Views(self.read, self.crops[rows], self.colours[rows], self.first + rows.start)

    def to(self, device: torch.device) -> Tensor:
        images = self.read(device, self.first, self.first + len(self))
        return change_colours(crop(images, self.crops), self.colours)
