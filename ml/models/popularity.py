"""popularity: the items that most users took, the same for everyone; a baseline that is hard to beat."""

from collections.abc import Sequence

import torch
from torch import Tensor

from ml.configs.personal import PopularityConfig
from ml.contract import PersonalModel
from ml.data.interactions import PersonalData


class Popularity(PersonalModel[PopularityConfig]):
    """An item's vector is the number of users who took it, less the mean over the catalogue; every user's is 1."""

    method = "popularity"
    dimensions = 1
    users: Tensor  # (U, 1) of ones
    takers: Tensor  # (I,)

    def __init__(self, config: PopularityConfig) -> None:
        super().__init__(config)
        self.allocate(users=0, items=0)

    @property
    def state_shapes(self) -> dict[str, int]:
        return {"users": len(self.users), "items": len(self.takers)}

    def allocate(self, users: int, items: int) -> None:
        self.register_buffer("users", torch.ones(users, 1))
        self.register_buffer("takers", torch.zeros(items))

    def on_fit_start(self, data: PersonalData, generator: torch.Generator) -> None:
        self.allocate(data.train.n_users, data.train.n_items)
        takers = torch.from_numpy(data.train.popularity).float()
        self.takers = takers - takers.mean()

    def embed(self, images: Tensor | None, items: Tensor, texts: Sequence[str] | None = None) -> Tensor:
        return torch.where(items >= 0, self.takers[items.clamp(min=0)], 0.0)[:, None]

    def user_vectors(self) -> Tensor:
        return self.users
