"""deepstyle: image features less what is common to their category."""

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor, nn

from ml.configs.personal import DeepstyleConfig
from ml.contract import Batches
from ml.data.interactions import PersonalData
from ml.data.sampling import Triples
from ml.errors import BadData
from ml.models.frozen import FeatureModel, FrozenFeatures
from ml.nn.losses import bpr_loss, sum_squares


class Deepstyle(FeatureModel[DeepstyleConfig]):
    """x_ui = u . (E f_i - c_cat(i) + v_i). Liu, Wu & Wang 2017, "DeepStyle", SIGIR.

    c is indexed by category, as in the paper; Elliot's stores it for each item, where it is v_i with the other sign.
    Items without a category share one more category. An item that was added later has the catalogue's mean c, and like
    one that nobody took the average v.
    """

    method = "deepstyle"
    epochs = 50
    category: Tensor  # (I,) index of each item's row of c
    known: Tensor  # (I,) whether anybody took the item
    mean_v: Tensor
    mean_c: Tensor

    def __init__(self, config: DeepstyleConfig) -> None:
        frozen = FrozenFeatures.of(config)
        super().__init__(config, frozen, frozen.width)
        self.dimensions = config.factors
        self.E = nn.Parameter(torch.zeros(config.factors, self.width))
        self.register_buffer("mean_v", torch.zeros(config.factors))
        self.register_buffer("mean_c", torch.zeros(config.factors))
        self.allocate(users=0, items=0, categories=0)

    @property
    def state_shapes(self) -> dict[str, int]:
        return {"users": len(self.u), "items": len(self.v), "categories": len(self.c) - 1}

    def allocate(self, users: int, items: int, categories: int) -> None:
        self.u = nn.Parameter(self.E.new_zeros(users, self.dimensions))
        self.v = nn.Parameter(self.E.new_zeros(items, self.dimensions))
        self.c = nn.Parameter(self.E.new_zeros(categories + 1, self.dimensions))  # the last for items without one
        self.register_buffer("category", torch.zeros(items, dtype=torch.long, device=self.E.device))
        self.register_buffer("known", torch.zeros(items, dtype=torch.bool, device=self.E.device))

    def on_fit_start(self, data: PersonalData, generator: torch.Generator) -> None:
        if data.categories is None:
            raise BadData("deepstyle needs the category of each item, and the data have none; items.csv may give them")
        super().on_fit_start(data, generator)
        self.allocate(data.train.n_users, data.train.n_items, int(data.categories.max()) + 1)
        for table in (self.u, self.v, self.c, self.E):
            nn.init.xavier_uniform_(table)
        self.category.copy_(torch.from_numpy(data.categories) % len(self.c))
        self.known.copy_(torch.from_numpy(data.train.popularity > 0))

    def optimizers(self) -> dict[str, torch.optim.Optimizer]:
        return {"all": torch.optim.Adam([self.u, self.v, self.c, self.E], lr=self.config.learning_rate)}

    def batches(self, data: PersonalData, generator: torch.Generator) -> Batches:
        self.catalogue_features(data)
        return Triples(data.train, self.config.batch_size, generator)

    def objectives(self, batch: tuple[Tensor, ...]) -> Iterator[tuple[str, Tensor]]:
        users, i, j = batch
        u, v_i, v_j = self.u[users], self.v[i], self.v[j]  # (B, D)
        c_i, c_j = self.c[self.category[i]], self.c[self.category[j]]
        x_ui = (u * (self.item_features(i) @ self.E.T - c_i + v_i)).sum(dim=1)
        x_uj = (u * (self.item_features(j) @ self.E.T - c_j + v_j)).sum(dim=1)
        vectors, shared = sum_squares(u, v_i, v_j, c_i, c_j), sum_squares(self.E)
        regulariser = 0.5 * (self.config.lambda_w * vectors + self.config.lambda_e * shared)
        yield "all", (bpr_loss(x_ui, x_uj) + regulariser) / len(u)

    def on_fit_end(self, data: PersonalData, generator: torch.Generator) -> None:
        self.mean_v.copy_(self.v.detach()[self.known].mean(dim=0))
        self.mean_c.copy_(self.c.detach()[self.category].mean(dim=0))
        super().on_fit_end(data, generator)

    def embed(self, images: Tensor | None, items: Tensor, texts: Sequence[str] | None = None) -> Tensor:
        assert images is not None
        rows = items.clamp(min=0)
        new = (items < 0)[:, None]
        v = torch.where(self.known[rows][:, None] & ~new, self.v[rows] - self.mean_v, 0.0)
        c = torch.where(new, 0.0, self.c[self.category[rows]] - self.mean_c)
        return ((self.extract(images, texts) - self.mean) @ self.E.T - c + v).detach()

    def user_vectors(self) -> Tensor:
        return self.u.detach()
