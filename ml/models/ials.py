"""ials: factors of users and items by alternating least squares; without images."""

import torch
from torch import Tensor

from ml.configs.personal import IalsConfig
from ml.contract import PersonalModel
from ml.data.interactions import PersonalData
from ml.data.sampling import Triples
from ml.nn.alternating import Penalties, factorise
from ml.nn.losses import fit_temperature

SAMPLED_PAIRS = 4096  # of held-out items and random ones, by which the scale of the scores is fitted


class Ials(PersonalModel[IalsConfig]):
    """x_ui = s w_u . v_i, where w_u . v_i is fitted to 1 for what u took and to 0, with less weight, for all else.

    Hu, Koren & Volinsky 2008, with the penalties of Rendle et al. 2021, arXiv:2110.14037. The scale s makes a score's
    sigmoid a probability: it is fitted on the last items of users, by factors that were fitted without them.
    """

    method = "ials"
    w: Tensor  # (U, K)
    v: Tensor  # (I, K), of items that nobody took zeros
    centre: Tensor  # (K,)

    def __init__(self, config: IalsConfig) -> None:
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
        held_out = data.train.leave_one_out().test
        fitting = data.train.without(held_out)
        penalties = Penalties(self.config.unobserved, self.config.regularisation)
        w, v = factorise(fitting, self.dimensions, penalties, generator, self.device)
        sample = torch.randperm(len(held_out), generator=generator)[:SAMPLED_PAIRS].numpy()
        users, items = torch.from_numpy(held_out.users[sample]), torch.from_numpy(held_out.items[sample])
        others = torch.randint(data.train.n_items, (len(sample),), generator=generator)
        margins = (w[users] * (v[items] - v[others])).sum(dim=1)[
            ~Triples(data.train, 1, generator).is_taken(users, others)
        ]
        w, v = factorise(data.train, self.dimensions, penalties, generator, self.device)
        self.w.copy_(fit_temperature(margins) * w)
        self.v.copy_(v)
        self.centre.copy_(v.mean(dim=0))

    def embed(self, images: Tensor | None, items: Tensor) -> Tensor:
        known = (items >= 0)[:, None]
        return torch.where(known, self.v[items.clamp(min=0)] - self.centre, 0.0)

    def user_vectors(self) -> Tensor:
        return self.w
