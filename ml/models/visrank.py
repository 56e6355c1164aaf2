"""VisRank: what looks like the things that a shopper took."""

from dataclasses import dataclass

import torch
from torch import Tensor

from ml.frozen import FeatureModel, FrozenConfig, FrozenFeatures
from ml.interactions import PersonalData


@dataclass(frozen=True)
class VisrankConfig(FrozenConfig):
    pass


class Visrank(FeatureModel):
    """x_ui = the mean over u's items j of cos(f_i, f_j): the nearest neighbours by picture that DVBPR is compared with.

    Of the aggregations in ialab-puc/VisualRecSys-Tutorial-IUI2021 (max, mean, mean of the nearest) only the mean is an
    inner product: a user's vector is the mean of the unit features of the items taken. The paper does not say which it
    used. Nothing is trained; items that nobody took are ranked like all others; users without history are zeros.
    """

    method = "visrank"
    Config = VisrankConfig

    def __init__(self, config: VisrankConfig) -> None:
        frozen = FrozenFeatures.of(config)
        super().__init__(config, frozen, frozen.width)
        self.dimensions = frozen.width
        self.resize(users=0)

    @property
    def sizes(self) -> dict[str, int]:
        return {"users": len(self.theta)}

    def resize(self, users: int) -> None:
        self.register_buffer("theta", torch.zeros(users, self.dimensions, device=self.device))

    def start(self, data: PersonalData, generator: torch.Generator) -> None:
        super().start(data, generator)
        self.resize(users=data.train.n_users)
        features = self.features(data).float()
        pairs = data.train.distinct
        users, items = (torch.from_numpy(part).to(self.device) for part in (pairs.users, pairs.items))
        weights = torch.ones(len(pairs)) if pairs.weights is None else torch.from_numpy(pairs.weights).float()
        weights = weights[:, None].to(self.device)
        self.theta.index_add_(0, users, weights * features[items])
        self.theta /= torch.zeros_like(self.theta[:, :1]).index_add_(0, users, weights).clamp(min=1e-12)

    def embed(self, images: Tensor, items: Tensor) -> Tensor:
        """The items' indices are ignored: this method knows an item by its picture alone."""
        return self.see(images) - self.mean

    def user_vectors(self) -> Tensor:
        return self.theta
