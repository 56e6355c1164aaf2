"""dvbpr: a network from pixels to item vectors and a vector for each user, learned jointly."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from ml.configs.personal import DvbprConfig
from ml.contract import Batches, PersonalModel
from ml.data.batching import Batch
from ml.data.decoding import Stretched
from ml.data.images import ChosenImages, ImageArray
from ml.data.interactions import PersonalData
from ml.data.sampling import PairedTriples, SharedBatches, Triples
from ml.group import gather
from ml.models.frozen import images_of
from ml.nn.encoders import CnnF, SmallEncoder
from ml.nn.inference import BATCH, compute_features
from ml.nn.losses import sum_squares, taste_loss
from ml.nn.pca import sample_indices
from ml.runtime import move


@dataclass(frozen=True)
class Recipe:
    """An encoder and the settings that suit it."""

    network: type[SmallEncoder] | type[CnnF]
    sampling: str
    lambda_u: float
    learning_rate: float  # of the users' vectors and the last layer
    trunk_rate: float  # of all layers before the last
    common_taste: bool  # whether users' vectors are regularised towards a common one rather than towards zero


RECIPES = {
    # lambda_u and the rates: the best of nine on the validation items of 300 shoppers over 1,200 drawn products.
    "small": Recipe(SmallEncoder, "shared", lambda_u=0.1, learning_rate=0.01, trunk_rate=0.002, common_taste=True),
    # The paper's.
    "cnn-f": Recipe(CnnF, "triples", lambda_u=1.0, learning_rate=1e-4, trunk_rate=1e-4, common_taste=False),
}


class Dvbpr(PersonalModel[DvbprConfig]):
    """x_ui = theta_u . Phi(X_i): no item bias, no factors but the image's. Kang et al. 2017, arXiv:1711.02231.

    Minimises the sum over a batch of softplus(x_uj - x_ui) + lambda_Theta/2 |W|^2 + lambda_u/2 |theta_u|^2 with Adam.
    reading=published is the authors' code (kang205/DVBPR): the encoder "cnn-f", 20 epochs of triples, stretched images;
    K is the paper's 50, theirs 100. With the encoder "small" it departs:
    - the encoder also reads fixed descriptors of shape, colour and layout (ml/nn/encoders.py);
    - a batch's images are encoded once and compared with each other, a positive's loss being the mean over its
      negatives (ml/data/sampling.py), where triples need two forward passes for each comparison;
    - theta_u is a vector common to all plus a user's own, and only the latter is regularised: what most users like is
      learned once and not 300 times (AUC .83 against .81 with the descriptors alone);
    - the learning rate falls along a cosine, in 40 epochs of 1,200 images, 18 of 30,000.
    """

    method = "dvbpr"
    is_shareable = True
    image_size: tuple[int, int]
    centre: Tensor

    def __init__(self, config: DvbprConfig) -> None:
        super().__init__(config)
        self.recipe = RECIPES[config.encoder]
        self.sampling = self.recipe.sampling if config.sampling == "by encoder" else config.sampling
        self.encoder = self.recipe.network(config.dimensions)
        self.image_size = (self.encoder.side, self.encoder.side)
        if config.reading == "published":
            self.image_size = Stretched(self.image_size)
        self.dimensions = config.dimensions
        self.use_bf16 = config.encoder == "small"
        self.epochs = 20
        # Of the training images, once they are computed; not saved with the model.
        self.descriptors: Tensor | None = None
        self.theta = nn.Parameter(torch.empty(0, config.dimensions))
        self.common = nn.Parameter(torch.zeros(config.dimensions), requires_grad=self.recipe.common_taste)
        self.register_buffer("centre", torch.zeros(config.dimensions))

    @property
    def state_shapes(self) -> dict[str, int]:
        return {"users": len(self.theta)}

    def allocate(self, users: int) -> None:
        self.theta = nn.Parameter(self.theta.new_zeros(users, self.dimensions))

    def on_fit_start(self, data: PersonalData, generator: torch.Generator) -> None:
        self.descriptors = None
        self.allocate(users=data.train.n_users)
        nn.init.uniform_(self.theta, 0, 0.01)
        nn.init.zeros_(self.common)
        images = images_of(data)
        self.encoder.on_fit_start(images, sample_indices(images, generator), self.device)
        if self.config.encoder == "small":
            self.epochs = max(1, round(236 / len(images) ** 0.25))

    def optimizers(self) -> dict[str, torch.optim.Optimizer]:
        # Adam's weight_decay adds lambda W to the gradient, which is the formula's own term; AdamW's would not.
        decay, recipe = self.config.lambda_theta, self.recipe
        trunk = list(self.encoder.trunk.parameters())
        groups: list[dict[str, Any]] = [
            {"params": [self.theta, self.common], "lr": recipe.learning_rate},
            {"params": self.encoder.last.weight, "lr": recipe.learning_rate, "weight_decay": decay},
            {"params": [p for p in trunk if p.ndim > 1], "lr": recipe.trunk_rate, "weight_decay": decay},
            {"params": [p for p in trunk if p.ndim == 1], "lr": recipe.trunk_rate},
        ]
        if self.encoder.last.bias is not None:
            groups.append({"params": self.encoder.last.bias, "lr": recipe.learning_rate})
        return {"all": torch.optim.Adam(groups)}

    def lr_factor(self, done: float) -> float:
        return (1 + math.cos(math.pi * done)) / 2 if self.config.encoder == "small" else 1.0

    def batches(self, data: PersonalData, generator: torch.Generator) -> Batches:
        arguments = data.train, self.config.batch_size, generator
        batches = SharedBatches(*arguments) if self.sampling == "shared" else PairedTriples(Triples(*arguments))
        return _WithImages(batches, images_of(data), self.catalogue_descriptors(data))

    def catalogue_descriptors(self, data: PersonalData) -> Tensor:
        """Return the descriptors of all training images, (n_items, F) on its device, computed at the first call."""
        if self.descriptors is None:
            described = compute_features(self.encoder.describe, images_of(data), device=self.device)
            self.descriptors = described.to(self.device)
        return self.descriptors

    def objectives(self, batch: tuple[Tensor, ...]) -> Iterator[tuple[str, Tensor]]:
        images, descriptors, users, *indices_taken_and_weights = batch
        phi = gather(self.encoder(images, descriptors).float())  # (P, K)
        own = self.theta[users]
        with torch.autocast(phi.device.type, enabled=False):  # 8 bits are too few for differences of scores
            loss = taste_loss(self.common + own, phi, *indices_taken_and_weights)
        yield "all", loss + 0.5 * self.recipe.lambda_u * sum_squares(own)

    def on_fit_end(self, data: PersonalData, generator: torch.Generator) -> None:
        self.centre_on(data)
        self.descriptors = None

    def centre_on(self, data: PersonalData) -> Tensor:
        """Set the centre to the mean of the catalogue's vectors; return these, (n_items, K) on the CPU, less it."""
        descriptors = iter(self.catalogue_descriptors(data).split(BATCH))  # as compute_features splits the images

        def encode(images: Tensor) -> Tensor:
            return self.encoder(images, next(descriptors))

        phi = compute_features(encode, images_of(data), device=self.device)
        self.centre.copy_(phi.mean(dim=0))
        return phi - self.centre.cpu()

    def embed(self, images: Tensor | None, items: Tensor, texts: Sequence[str] | None = None) -> Tensor:
        """Compute item vectors (B, K) from images alone: the items' indices are ignored."""
        assert images is not None
        return self.encoder(images, self.encoder.describe(images)).float() - self.centre

    def user_vectors(self) -> Tensor:
        return (self.common + self.theta).detach()


class _WithImages:
    """Batches whose first part, item indices, is replaced by the items' images and descriptors, both deferred."""

    def __init__(self, batches: SharedBatches | PairedTriples, images: ImageArray, descriptors: Tensor) -> None:
        self.batches, self.images, self.descriptors = batches, images, descriptors

    def __len__(self) -> int:
        return len(self.batches)

    def __iter__(self) -> Iterator[Batch]:
        for items, *others in self.batches:
            yield ChosenImages(self.images, items), _Rows(self.descriptors, items), *others


@dataclass(frozen=True)
class _Rows:
    """Rows of a table, looked up on the device that they are moved to, where the table is."""

    table: Tensor  # (N, F)
    indices: Tensor  # (B,)

    def __len__(self) -> int:
        return len(self.indices)

    def part(self, rows: slice) -> "_Rows":
        return _Rows(self.table, self.indices[rows])

    def to(self, device: torch.device) -> Tensor:
        return self.table[move(self.indices, device)]
