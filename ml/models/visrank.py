"""VisRank: what looks like the things that a shopper took."""

import torch
from torch import Tensor

from ml.configs.personal import VisrankConfig
from ml.data.interactions import PersonalData
from ml.models.frozen import FeatureModel, FrozenFeatures
from ml.nn.losses import temperature

ASKED = 4096  # pairs that say how sure a difference of cosines is


class Visrank(FeatureModel[VisrankConfig]):
    """x_ui = the mean over u's items j of cos(f_i, f_j): the nearest neighbours by picture that DVBPR is compared with.

    Of the aggregations in ialab-puc/VisualRecSys-Tutorial-IUI2021 (max, mean, mean of the nearest) only the mean is an
    inner product: a user's vector is the mean of the unit features of the items taken. The paper does not say which it
    used. Nothing is trained; items that nobody took are ranked like all others; users without history are zeros.

    Users' vectors are scaled by one number for all, so that a score's sigmoid is a chance: means of cosines lie within
    a few hundredths of each other, and as they are would call every comparison a toss-up.
    """

    method = "visrank"

    def __init__(self, config: VisrankConfig) -> None:
        frozen = FrozenFeatures.of(config)
        super().__init__(config, frozen, frozen.width)
        self.dimensions = frozen.width
        self.register_buffer("scale", torch.ones(()))
        self.allocate(users=0)

    @property
    def state_shapes(self) -> dict[str, int]:
        return {"users": len(self.theta)}

    def allocate(self, users: int) -> None:
        self.register_buffer("theta", torch.zeros(users, self.dimensions, device=self.device))

    def on_fit_start(self, data: PersonalData, generator: torch.Generator) -> None:
        super().on_fit_start(data, generator)
        self.allocate(users=data.train.n_users)
        features = self.features(data).float()
        pairs = data.train.distinct
        users, items = (torch.from_numpy(part).to(self.device) for part in (pairs.users, pairs.items))
        weights = torch.ones(len(pairs)) if pairs.weights is None else torch.from_numpy(pairs.weights).float()
        weights = weights[:, None].to(self.device)
        self.theta.index_add_(0, users, weights * features[items])
        total = torch.zeros_like(self.theta[:, :1]).index_add_(0, users, weights)
        asked = torch.randperm(len(pairs), generator=generator)[:ASKED].to(self.device)
        others = torch.randint(len(features), (len(asked),), generator=generator).to(self.device)
        left = total[users[asked]] - weights[asked]  # of whoever took something else as well
        without = (self.theta[users[asked]] - weights[asked] * features[items[asked]]) / left.clamp(min=1e-12)
        lead = (without * (features[items[asked]] - features[others])).sum(dim=1)[left[:, 0] > 0]
        self.scale.copy_(temperature(lead))
        self.theta *= self.scale / total.clamp(min=1e-12)

    def embed(self, images: Tensor, items: Tensor) -> Tensor:
        """The items' indices are ignored: this method knows an item by its picture alone."""
        return self.see(images) - self.mean

    def user_vectors(self) -> Tensor:
        return self.theta
