"""lightgcn: factors averaged over the graph of users and the items they took; without images."""

import math
from collections.abc import Iterator, Sequence

import torch
from torch import Tensor, nn

from ml.configs.personal import LightGcnConfig
from ml.contract import Batches, PersonalModel
from ml.data.interactions import Interactions, PersonalData
from ml.data.sampling import Triples
from ml.nn.losses import bpr_loss


class LightGcn(PersonalModel[LightGcnConfig]):
    """x_ui = e_u . e_i, where e is the mean over l = 0 to L of A^l e0; trained on triples by BPR.

    A is the adjacency of users and items, each edge divided by the root of both degrees. He et al. 2020,
    arXiv:2002.02126, equations 3 to 8. An item that nobody took is the average item: zeros.
    """

    method = "lightgcn"
    epochs = 60
    users: Tensor  # (U, K) averaged
    items: Tensor  # (I, K) averaged, less their mean
    known: Tensor  # (I,) whether anybody took the item

    def __init__(self, config: LightGcnConfig) -> None:
        super().__init__(config)
        self.dimensions = config.factors
        self.graph: Tensor | None = None  # (U + I, U + I) sparse, while it is trained
        self.allocate(users=0, items=0)

    @property
    def state_shapes(self) -> dict[str, int]:
        return {"users": len(self.users), "items": len(self.items)}

    def allocate(self, users: int, items: int) -> None:
        self.e = nn.Parameter(torch.zeros(users + items, self.dimensions))
        self.register_buffer("users", torch.zeros(users, self.dimensions))
        self.register_buffer("items", torch.zeros(items, self.dimensions))
        self.register_buffer("known", torch.zeros(items, dtype=torch.bool))

    def on_fit_start(self, data: PersonalData, generator: torch.Generator) -> None:
        self.allocate(data.train.n_users, data.train.n_items)
        nn.init.normal_(self.e, std=0.1)
        self.known.copy_(torch.from_numpy(data.train.popularity > 0))

    def optimizers(self) -> dict[str, torch.optim.Optimizer]:
        return {"all": torch.optim.Adam(self.parameters(), lr=self.config.learning_rate, fused=True)}

    def lr_factor(self, done: float) -> float:
        return (1 + math.cos(math.pi * done)) / 2

    def batches(self, data: PersonalData, generator: torch.Generator) -> Batches:
        if self.graph is None or len(self.graph) != len(self.e):
            self.graph = adjacency(data.train).to(self.device)
        return Triples(data.train, self.config.batch_size, generator)

    def objectives(self, batch: tuple[Tensor, ...]) -> Iterator[tuple[str, Tensor]]:
        u, i, j = batch[0], batch[1] + len(self.users), batch[2] + len(self.users)
        averaged = self.average()
        x_ui, x_uj = (averaged[u] * averaged[i]).sum(dim=1), (averaged[u] * averaged[j]).sum(dim=1)
        penalty = sum((self.e[rows].square().sum() for rows in (u, i, j)), start=self.e.new_zeros(()))
        yield "all", (bpr_loss(x_ui, x_uj) + 0.5 * self.config.decay * penalty) / len(u)

    def average(self) -> Tensor:
        """Return the mean of the factors over the layers, (U + I, K)."""
        assert self.graph is not None  # batches has built it
        layer = total = self.e
        for _ in range(self.config.layers):
            layer = torch.sparse.mm(self.graph, layer)
            total = total + layer
        return total / (self.config.layers + 1)

    @torch.no_grad()
    def on_fit_end(self, data: PersonalData, generator: torch.Generator) -> None:
        self.graph = adjacency(data.train).to(self.device)
        users, items = self.average().split([len(self.users), len(self.items)])
        self.graph = None
        self.users.copy_(users)
        self.items.copy_(items - items[self.known].mean(dim=0))

    def embed(self, images: Tensor | None, items: Tensor, texts: Sequence[str] | None = None) -> Tensor:
        rows = items.clamp(min=0)
        return torch.where((self.known[rows] & (items >= 0))[:, None], self.items[rows], 0.0)

    def user_vectors(self) -> Tensor:
        return self.users


def adjacency(train: Interactions) -> Tensor:
    """Return the symmetric matrix (U + I, U + I), sparse, with 1 / sqrt(degree degree) for each pair."""
    pairs, size = train.distinct, train.n_users + train.n_items
    u, i = torch.from_numpy(pairs.users), torch.from_numpy(pairs.items) + train.n_users
    rows, columns = torch.cat([u, i]), torch.cat([i, u])
    degree = torch.bincount(rows, minlength=size).clamp(min=1).float()
    weights = (degree[rows] * degree[columns]).rsqrt()
    return torch.sparse_coo_tensor(
        torch.stack([rows, columns]), weights, (size, size), check_invariants=True
    ).coalesce()
