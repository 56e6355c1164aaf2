"""What `cae-bpr` and `inception-bpr` share: one layer that learns taste on top of a network that does not."""

import math
from collections.abc import Iterable, Iterator
from typing import TypeVar

import torch
from torch import Tensor, nn

from ml.configs.personal import OneLayerConfig
from ml.data.interactions import PersonalData
from ml.data.sampling import PairedTriples, SharedBatches
from ml.models.frozen import FeatureModel
from ml.nn.inference import BATCH
from ml.nn.losses import squares, taste_loss

L = TypeVar("L", bound=OneLayerConfig)


class OneLayer(FeatureModel[L]):
    """x_ui = theta_u . (W f(X_i) + b), with f frozen and computed once. A subclass says what f is.

    As in DVBPR the sum over a batch of softplus(x_uj - x_ui) + lambda_Theta/2 |W|^2 + lambda_u/2 |theta_u|^2 is
    minimised with Adam; the difference is signed. Each feature is brought to mean 0 and all to one deviation over the
    catalogue, by which a picture's features together have length 1, however many they are: Adam's steps then reach as
    far with 51,200 features as with 147.

    The source's recipe is sampling=triples, learning_rate=1e-4, lambda_u=1 and lambda_theta=.001, for hours. By default
    batches are shared and the learning rate falls along a cosine, as in `dvbpr`. Validation AUC on 5,000 simulated
    shoppers of 9,991 photos, 15 epochs with the descriptors of `dvbpr` for f: .807, the best of seven pairs of lambdas,
    .771 (lambda_u 1, lambda_theta .1) the worst.
    """

    standardised = True

    def __init__(self, config: L, frozen: nn.Module, width: int) -> None:
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
        decayed = {"params": self.head.weight, "weight_decay": self.config.lambda_theta}
        groups = [decayed, {"params": [self.theta, self.head.bias]}]
        return {"taste": torch.optim.Adam(groups, lr=self.config.learning_rate)}

    def lr_factor(self, done: float) -> float:
        return (1 + math.cos(math.pi * done)) / 2 if self.config.sampling == "shared" else 1.0

    def batches(self, data: PersonalData, generator: torch.Generator) -> Iterable[tuple[Tensor, ...]]:
        if self.seen is None:
            seen = self.features(data)
            if self.standardised:
                total = sum((part - self.mean).square().sum(dim=0) for part in seen.split(BATCH))
                deviation = (total / len(seen) * len(self.mean)).sqrt()
                self.deviation.copy_(torch.where(total > 0, deviation, 1.0))
        sampler = SharedBatches if self.config.sampling == "shared" else PairedTriples
        return sampler(data.train, self.config.batch_size, generator)

    def objectives(self, batch: tuple[Tensor, ...]) -> Iterator[tuple[str, Tensor]]:
        items, users, *places_taken_and_weights = batch
        with torch.autocast(self.device.type, enabled=False):  # 8 bits are too few for differences of scores
            phi, theta = self.phi(self.seen[items]), self.theta[users]  # (P, K), (M, K)
            loss = taste_loss(theta, phi, *places_taken_and_weights)
        yield "taste", loss + 0.5 * self.config.lambda_u * squares(theta)

    def phi(self, features: Tensor) -> Tensor:
        """(B, F) to (B, K)."""
        return self.head((features - self.mean) / self.deviation)

    def embed(self, images: Tensor, items: Tensor) -> Tensor:
        """The items' indices are ignored: this method knows an item by its picture alone."""
        return self.phi(self.see(images)) - self.head.bias

    def user_vectors(self) -> Tensor:
        return self.theta.detach()
