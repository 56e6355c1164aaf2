"""fm: a factorisation machine over user, item and the item's category; without images."""

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor, nn

from ml.configs.personal import FmConfig
from ml.data.interactions import PersonalData
from ml.models.bpr_mf import BprMf
from ml.nn.losses import bpr_loss


class Fm(BprMf):
    """x_ui = b_i + b_c + w_u . v_i + w_u . v_c + v_i . v_c, where c is the category of i; trained on triples by BPR.

    Rendle 2010, "Factorization Machines", ICDM, equation 1, with three features that are 1: user, item and category;
    what depends on the user alone ranks nothing. Items without a category share one more. An item that nobody took is
    its category, v_i and b_i being zeros; one that was added later is the average item.
    """

    method = "fm"
    config: FmConfig
    category: Tensor  # (I,) index of each item's category

    @property
    def state_shapes(self) -> dict[str, int]:
        return super().state_shapes | {"categories": len(self.v_c) - 1}

    def allocate(self, users: int, items: int, categories: int = 0) -> None:
        super().allocate(users, items)
        self.v_c = nn.Parameter(torch.zeros(categories + 1, self.config.factors))  # the last for items without one
        self.b_c = nn.Parameter(torch.zeros(categories + 1))
        self.register_buffer("category", torch.zeros(items, dtype=torch.long))

    def on_fit_start(self, data: PersonalData, generator: torch.Generator) -> None:
        train, categories = data.train, data.categories
        classes = torch.full((train.n_items,), -1) if categories is None else torch.from_numpy(categories)
        self.allocate(train.n_users, train.n_items, int(classes.max()) + 1)
        for table in (self.w, self.v, self.v_c):
            nn.init.normal_(table, std=0.05)
        self.known.copy_(torch.from_numpy(train.popularity > 0))
        self.category.copy_(classes % len(self.v_c))

    def objectives(self, batch: tuple[Tensor, ...]) -> Iterator[tuple[str, Tensor]]:
        u, i, j = batch
        w = self.w[u]
        x_ui, x_uj = (self._score(w, items, self.v[items], self.b[items]) for items in (i, j))
        regulariser = self.config.decay * w.square().sum()
        for items in (i, j):
            regulariser = regulariser + self.penalty(items, self.v[items], self.b[items])
            classes = self.category[items]
            regulariser = regulariser + self.penalty(classes, self.v_c[classes], self.b_c[classes])
        yield "all", (bpr_loss(x_ui, x_uj) + 0.5 * regulariser) / len(u)

    def _score(self, w: Tensor, items: Tensor, v: Tensor, b: Tensor) -> Tensor:
        vectors = self._with_category(items, v, b)
        return (w * vectors[:, :-1]).sum(dim=1) + vectors[:, -1]

    def _with_category(self, items: Tensor, v: Tensor, b: Tensor) -> Tensor:
        """Return [v_i + v_c, b_i + b_c + v_i . v_c] (B, K + 1) of items (B,)."""
        v_c, b_c = self.v_c[self.category[items]], self.b_c[self.category[items]]
        return torch.cat([v + v_c, (b + b_c + (v * v_c).sum(dim=1))[:, None]], dim=1)

    def on_fit_end(self, data: PersonalData, generator: torch.Generator) -> None:
        everything = torch.arange(len(self.known), device=self.device)
        self.centre.copy_(self._vectors(everything).mean(dim=0))

    def embed(self, images: Tensor | None, items: Tensor, texts: Sequence[str] | None = None) -> Tensor:
        vectors = self._vectors(items.clamp(min=0)) - self.centre
        return torch.where((items >= 0)[:, None], vectors, 0.0)

    def _vectors(self, items: Tensor) -> Tensor:
        known = self.known[items]
        v, b = torch.where(known[:, None], self.v[items], 0.0), torch.where(known, self.b[items], 0.0)
        return self._with_category(items, v, b).detach()
