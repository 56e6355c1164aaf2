"""Base of `ials` and `ease`: vectors of users and items that are solved for at once, and a scale fitted to them."""

from collections.abc import Sequence
from typing import Generic

import torch
from torch import Tensor
from typing_extensions import TypeVar

from ml.configs.personal import EaseConfig, IalsConfig
from ml.contract import PersonalModel
from ml.data.interactions import Interactions, PersonalData
from ml.data.sampling import Triples
from ml.nn.losses import fit_temperature

ConfigT = TypeVar("ConfigT", bound=IalsConfig | EaseConfig, covariant=True)
SAMPLED_PAIRS = 4096  # of held-out items and random ones, by which the scale of the scores is fitted


class ClosedForm(PersonalModel[ConfigT], Generic[ConfigT]):
    """x_ui = s w_u . v_i, for users and items of the training data; images are not used.

    The scale s makes a score's sigmoid a probability: it is fitted on the last items of users, by vectors that do not
    know them.
    An item's vector is v_i less the mean over the catalogue; one that was added later is the average item: zeros.
    """

    w: Tensor  # (U, K)
    v: Tensor  # (I, K), of items that nobody took zeros
    centre: Tensor  # (K,)

    def __init__(self, config: ConfigT) -> None:
        super().__init__(config)
        self.dimensions = config.factors
        self.register_buffer("centre", torch.zeros(self.dimensions))
        self.allocate(users=0, items=0)

    @property
    def state_shapes(self) -> dict[str, int]:
        return {"users": len(self.w), "items": len(self.v)}

    def allocate(self, users: int, items: int) -> None:
        self.register_buffer("w", self.centre.new_zeros(users, self.dimensions))
        self.register_buffer("v", self.centre.new_zeros(items, self.dimensions))

    def on_fit_end(self, data: PersonalData, generator: torch.Generator) -> None:
        self.allocate(data.train.n_users, data.train.n_items)
        margins = self._margins(data.train, generator)
        w, v = self.solve(data.train, generator)
        self.w.copy_(fit_temperature(margins) * w)
        self.v.copy_(v)
        self.centre.copy_(self.v.mean(dim=0))

    def solve(self, train: Interactions, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Return w (U, K) and v (I, K); v of an item that nobody took is zeros."""
        raise NotImplementedError

    def _margins(self, train: Interactions, generator: torch.Generator) -> Tensor:
        """Return by how much users' last items, held out, score more than items drawn from those that they lack."""
        held_out = train.leave_one_out().test
        w, v = self.solve(train.without(held_out), generator)
        sample = torch.randperm(len(held_out), generator=generator)[:SAMPLED_PAIRS].numpy()
        users, items = torch.from_numpy(held_out.users[sample]), torch.from_numpy(held_out.items[sample])
        others = torch.randint(train.n_items, (len(sample),), generator=generator)
        margins = (w[users] * (v[items] - v[others])).sum(dim=1)
        return margins[~Triples(train, 1, generator).is_taken(users, others)]

    def embed(self, images: Tensor | None, items: Tensor, texts: Sequence[str] | None = None) -> Tensor:
        known = (items >= 0)[:, None]
        return torch.where(known, self.v[items.clamp(min=0)] - self.centre, 0.0)

    def user_vectors(self) -> Tensor:
        return self.w
