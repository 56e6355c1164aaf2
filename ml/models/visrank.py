"""visrank: items that look like those that a user took; nothing is trained."""

from collections.abc import Sequence

import torch
from torch import Tensor

from ml.configs.personal import VisrankConfig
from ml.data.interactions import PersonalData
from ml.models.frozen import FeatureModel, FrozenFeatures
from ml.nn.losses import fit_temperature

SAMPLED_PAIRS = 4096  # of a user and an item taken, on which the scale of the scores is fitted


class Visrank(FeatureModel[VisrankConfig]):
    """x_ui = the mean over u's items j of cos(f_i, f_j): the nearest neighbours by image that DVBPR is compared with.

    Of the aggregations in ialab-puc/VisualRecSys-Tutorial-IUI2021 (max, mean, mean of the nearest) only the mean is an
    inner product: a user's vector is the mean of the unit features of the items taken. The paper does not say which it
    used. Nothing is trained; items that nobody took are ranked like all others; users without history are zeros.

    Users' vectors are scaled by one number for all, so that a score's sigmoid is a probability: means of cosines differ
    by a few hundredths, and unscaled every probability would be near one half.
    """

    method = "visrank"
    theta: Tensor  # (U, F)
    scale: Tensor

    def __init__(self, config: VisrankConfig) -> None:
        frozen = FrozenFeatures.of(config)
        super().__init__(config, frozen, frozen.width)
        self.dimensions = self.width
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
        features = self.catalogue_features(data).float()
        pairs = data.train.distinct
        users, items = (torch.from_numpy(part).to(self.device) for part in (pairs.users, pairs.items))
        weights = torch.ones(len(pairs)) if pairs.weights is None else torch.from_numpy(pairs.weights).float()
        weights = weights[:, None].to(self.device)
        self.theta.index_add_(0, users, weights * features[items])
        total = torch.zeros_like(self.theta[:, :1]).index_add_(0, users, weights)
        # For some of the pairs: the user's mean without that item, and how much higher it scores than a random one.
        sample = torch.randperm(len(pairs), generator=generator)[:SAMPLED_PAIRS].to(self.device)
        others = torch.randint(len(features), (len(sample),), generator=generator).to(self.device)
        rest = total[users[sample]] - weights[sample]  # above 0 where the user took another item too
        means = (self.theta[users[sample]] - weights[sample] * features[items[sample]]) / rest.clamp(min=1e-12)
        margins = (means * (features[items[sample]] - features[others])).sum(dim=1)[rest[:, 0] > 0]
        self.scale.copy_(fit_temperature(margins))
        self.theta *= self.scale / total.clamp(min=1e-12)

    def embed(self, images: Tensor | None, items: Tensor, texts: Sequence[str] | None = None) -> Tensor:
        """Compute item vectors (B, F) from images alone: the items' indices are ignored."""
        assert images is not None
        return self.extract(images, texts) - self.mean

    def user_vectors(self) -> Tensor:
        return self.theta
