"""DVBPR: a network from pixels to taste and a vector a shopper, learned jointly."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Annotated, Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ml.augment import moved
from ml.configs import Between, Config
from ml.embedding import embed_items
from ml.interactions import PersonalData
from ml.models.base import PersonalModel
from ml.networks import Trunk
from ml.sampling import SharedBatches


@dataclass(frozen=True)
class DvbprConfig(Config):
    encoder: Literal["small", "cnn-f"] = "small"  # minutes of a CPU, or the paper's
    dimensions: Annotated[int, Between(2, 1024)] = 50  # K
    sampling: Literal["by encoder", "shared", "triples"] = "by encoder"  # shared for small, the paper's for cnn-f
    batch_size: Annotated[int, Between(2, 4096)] = 128  # pictures if shared, else triples
    learning_rate: Annotated[float, Between(0, 1)] = 0.002
    network_decay: Annotated[float, Between(0, 100)] = 0.05
    user_decay: Annotated[float, Between(0, 100)] = 0.05
    epochs: Annotated[int, Between(1, 10_000)] = 40


class Dvbpr(PersonalModel):
    method = "dvbpr"
    Config = DvbprConfig
    halves = True

    def __init__(self, config: DvbprConfig) -> None:
        super().__init__(config)
        self.image_size = (64, 64)
        self.dimensions = config.dimensions
        self.epochs = config.epochs
        trunk = Trunk()
        self.encoder = nn.Sequential(trunk, nn.Linear(trunk.features, config.dimensions))
        self.theta = nn.Parameter(torch.empty(0, config.dimensions))
        self.register_buffer("centre", torch.zeros(config.dimensions))

    @property
    def sizes(self) -> dict[str, int]:
        return {"users": len(self.theta)}

    def resize(self, users: int) -> None:
        self.theta = nn.Parameter(self.theta.new_zeros(users, self.dimensions))

    def start(self, data: PersonalData, generator: torch.Generator) -> None:
        self.resize(users=data.train.n_users)
        nn.init.normal_(self.theta, std=0.1)

    def players(self) -> dict[str, torch.optim.Optimizer]:
        groups = [
            {"params": self.encoder.parameters(), "weight_decay": self.config.network_decay},
            {"params": [self.theta], "weight_decay": self.config.user_decay},
        ]
        return {"all": torch.optim.AdamW(groups, lr=self.config.learning_rate)}

    def pace(self, done: float) -> float:
        return (1 + math.cos(math.pi * done)) / 2

    def batches(self, data: PersonalData, generator: torch.Generator) -> Iterable[tuple[Tensor, ...]]:
        return _WithPictures(SharedBatches(data.train, self.config.batch_size, generator), data, generator)

    def objectives(self, batch: tuple[Tensor, ...]) -> Iterator[tuple[str, Tensor]]:
        images, users, places, taken = batch
        phi = self.encoder(images).float()  # (P, K)
        with torch.autocast(phi.device.type, enabled=False):  # 8 bits are too few for differences of scores
            x = self.theta[users] @ phi.T  # (M, P)
        chosen = x.gather(1, places[:, None])  # (M, 1)
        losses = F.softplus(x - chosen).masked_fill(taken, 0)
        yield "all", losses.sum() / (~taken).sum().clamp(min=1)

    def finish(self, data: PersonalData, generator: torch.Generator) -> None:
        self.centre.zero_()
        self.centre.copy_(embed_items(self, data.images, data.train.n_items).mean(dim=0))

    def embed(self, images: Tensor, items: Tensor) -> Tensor:
        """The items' indices are ignored: this method knows an item by its picture alone."""
        return self.encoder(images).float() - self.centre

    def user_vectors(self) -> Tensor:
        return self.theta.detach()


class _WithPictures:
    """Batches whose first part is replaced by views of the pictures."""

    def __init__(self, batches: SharedBatches, data: PersonalData, generator: torch.Generator) -> None:
        self.batches, self.images, self.generator = batches, data.images, generator

    def __len__(self) -> int:
        return len(self.batches)

    def __iter__(self) -> Iterator[tuple[Tensor, ...]]:
        for pictures, *rest in self.batches:
            views = moved(self.images.batch(pictures), self.generator, shift=0.08, zoom=1.1)
            yield views, *rest
