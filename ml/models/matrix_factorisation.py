"""Base of `bpr-mf` and `warp`: a vector for each user and each item, and a bias for each item."""

from collections.abc import Sequence
from typing import Generic

import torch
from torch import Tensor, nn
from typing_extensions import TypeVar

from ml.configs.personal import BprMfConfig, WarpConfig
from ml.contract import PersonalModel
from ml.data.interactions import PersonalData

ConfigT = TypeVar("ConfigT", bound=BprMfConfig | WarpConfig, covariant=True)


class MatrixFactorisation(PersonalModel[ConfigT], Generic[ConfigT]):
    """x_ui = b_i + w_u . v_i, for users and items of the training data; images are not used.

    A user's vector is [w_u, 1], an item's [v_i, b_i], less the mean over the catalogue. An item that was added later,
    or that nobody took, is the average item: zeros.
    """

    known: Tensor  # (I,) whether anybody took the item
    centre: Tensor  # (K + 1,)

    def __init__(self, config: ConfigT) -> None:
        super().__init__(config)
        self.dimensions = config.factors + 1
        self.allocate(users=0, items=0)

    @property
    def state_shapes(self) -> dict[str, int]:
        return {"users": len(self.w), "items": len(self.v)}

    def allocate(self, users: int, items: int) -> None:
        self.w = nn.Parameter(torch.zeros(users, self.config.factors))
        self.v = nn.Parameter(torch.zeros(items, self.config.factors))
        self.b = nn.Parameter(torch.zeros(items))
        self.register_buffer("known", torch.zeros(items, dtype=torch.bool))
        self.register_buffer("centre", torch.zeros(self.dimensions))

    def on_fit_start(self, data: PersonalData, generator: torch.Generator) -> None:
        self.allocate(data.train.n_users, data.train.n_items)
        nn.init.normal_(self.w, std=0.05)
        nn.init.normal_(self.v, std=0.05)
        self.known.copy_(torch.from_numpy(data.train.popularity > 0))

    def on_fit_end(self, data: PersonalData, generator: torch.Generator) -> None:
        vectors = torch.cat([self.v, self.b[:, None]], dim=1).detach()
        # Over the items that anybody took: the average item and one without interactions are then the same, both 0.
        self.centre.copy_(vectors[self.known].mean(dim=0))

    def embed(self, images: Tensor | None, items: Tensor, texts: Sequence[str] | None = None) -> Tensor:
        rows = items.clamp(min=0)
        vectors = torch.cat([self.v[rows], self.b[rows][:, None]], dim=1) - self.centre
        known = self.known[rows] & (items >= 0)
        return torch.where(known[:, None], vectors, 0.0)

    def user_vectors(self) -> Tensor:
        return torch.cat([self.w, torch.ones_like(self.w[:, :1])], dim=1).detach()
