"""Base of `cae-bpr` and `inception-bpr`: one layer learns taste on top of a frozen network."""

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Generic

import torch
from torch import Tensor, nn
from typing_extensions import TypeVar

from ml.configs.personal import OneLayerConfig
from ml.contract import Batches
from ml.data.interactions import Interactions, PersonalData
from ml.data.sampling import PairedTriples, SharedBatches, Triples, UserTriples
from ml.models.frozen import FeatureModel, FrozenT
from ml.nn.inference import BATCH
from ml.nn.losses import sum_squares, taste_loss

ConfigT = TypeVar("ConfigT", bound=OneLayerConfig, covariant=True)


SAMPLERS: dict[str, Callable[[Interactions, int, torch.Generator], Batches]] = {
    "shared": SharedBatches,
    "triples": lambda *arguments: PairedTriples(Triples(*arguments)),
    "users": lambda *arguments: PairedTriples(UserTriples(*arguments)),
}


class OneLayer(FeatureModel[ConfigT, FrozenT], Generic[ConfigT, FrozenT]):
    """x_ui = theta_u . (W f(X_i) + b), with f frozen and computed once. A subclass defines f.

    As in DVBPR the sum over a batch of softplus(x_uj - x_ui) + lambda_Theta/2 |W|^2 + lambda_u/2 |theta_u|^2 is
    minimised with Adam; the difference is signed. Each feature is standardised over the catalogue, to mean 0 and to a
    deviation by which all features of an image together have length 1, however many they are: Adam's steps then reach
    as far with 51,200 features as with 147.

    reading=published has the source's sampling, rates and penalties, and does not standardise. Otherwise batches are
    shared and the learning rate falls along a cosine, as in `dvbpr`. Validation AUC on 5,000 simulated
    shoppers of 9,991 photos, 15 epochs with the descriptors of `dvbpr` for f: .807, the best of seven pairs of lambdas,
    .771 (lambda_u 1, lambda_theta .1) the worst.
    """

    standardised = True
    deviation: Tensor

    def __init__(self, config: ConfigT, frozen: FrozenT, width: int) -> None:
        super().__init__(config, frozen, width)
        self.dimensions = config.dimensions
        self.head = nn.Linear(width, config.dimensions)
        self.theta = nn.Parameter(torch.empty(0, config.dimensions))
        self.register_buffer("deviation", torch.ones(width))

    @property
    def state_shapes(self) -> dict[str, int]:
        return {"users": len(self.theta)}

    def allocate(self, users: int) -> None:
        self.theta = nn.Parameter(self.theta.new_zeros(users, self.dimensions))

    def on_fit_start(self, data: PersonalData, generator: torch.Generator) -> None:
        super().on_fit_start(data, generator)
        self.allocate(users=data.train.n_users)
        nn.init.uniform_(self.theta, 0, 0.01)
        nn.init.xavier_normal_(self.head.weight)
        nn.init.zeros_(self.head.bias)

    def optimizers(self) -> dict[str, torch.optim.Optimizer]:
        # Adam's weight_decay adds lambda W to the gradient, which is the formula's own term; AdamW's would not.
        groups: list[dict[str, Any]] = [
            {"params": self.head.weight, "weight_decay": self.config.lambda_theta},
            {"params": [self.theta, self.head.bias]},
        ]
        return {"taste": torch.optim.Adam(groups, lr=self.config.learning_rate)}

    def lr_factor(self, done: float) -> float:
        return (1 + math.cos(math.pi * done)) / 2 if self.config.sampling == "shared" else 1.0

    def batches(self, data: PersonalData, generator: torch.Generator) -> Batches:
        if self.cached_features is None:
            features = self.catalogue_features(data)
            if self.standardised:
                total = torch.zeros_like(self.mean)
                for part in features.split(BATCH):
                    total += (part - self.mean).square().sum(dim=0)
                deviation = (total / len(features) * len(self.mean)).sqrt()
                self.deviation.copy_(torch.where(total > 0, deviation, 1.0))
        return SAMPLERS[self.config.sampling](data.train, self.config.batch_size, generator)

    def objectives(self, batch: tuple[Tensor, ...]) -> Iterator[tuple[str, Tensor]]:
        items, users, *indices_taken_and_weights = batch
        with torch.autocast(self.device.type, enabled=False):  # 8 bits are too few for differences of scores
            phi, theta = self.phi(self.item_features(items)), self.theta[users]  # (P, K), (M, K)
            loss = taste_loss(theta, phi, *indices_taken_and_weights)
        yield "taste", loss + 0.5 * self.config.lambda_u * sum_squares(theta)

    def phi(self, features: Tensor) -> Tensor:
        """Compute image factors (B, K) of features (B, F)."""
        return self.head((features - self.mean) / self.deviation)

    def embed(self, images: Tensor | None, items: Tensor, texts: Sequence[str] | None = None) -> Tensor:
        """Compute item vectors (B, K) from images alone: the items' indices are ignored."""
        assert images is not None
        return self.phi(self.extract(images)) - self.head.bias

    def user_vectors(self) -> Tensor:
        return self.theta.detach()
