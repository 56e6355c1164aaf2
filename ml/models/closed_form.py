"""Base of `ials` and `ease`: vectors of users and items that are solved for at once, and a scale fitted to them."""

from typing import Generic

import torch
from torch import Tensor
from typing_extensions import TypeVar

from ml.configs.personal import EaseConfig, IalsConfig
from ml.contract import PersonalModel
from ml.data.interactions import PersonalData

ConfigT = TypeVar("ConfigT", bound=IalsConfig | EaseConfig, covariant=True)
SAMPLED_PAIRS = 4096  # of held-out items and random ones, by which the scale of the scores is fitted


class ClosedForm(PersonalModel[ConfigT], Generic[ConfigT]):
    """x_ui = w_u . v_i, for users and items of the training data; images are not used.

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
        self.solve(data, generator)
        self.centre.copy_(self.v.mean(dim=0))

    def solve(self, data: PersonalData, generator: torch.Generator) -> None:
        """Fill w and v, which are zeros."""
        raise NotImplementedError

    def embed(self, images: Tensor | None, items: Tensor) -> Tensor:
        known = (items >= 0)[:, None]
        return torch.where(known, self.v[items.clamp(min=0)] - self.centre, 0.0)

    def user_vectors(self) -> Tensor:
        return self.w
