"""ials: factors of users and items by alternating least squares; without images."""

import torch

from ml.configs.personal import IalsConfig
from ml.data.interactions import PersonalData
from ml.data.sampling import Triples
from ml.models.closed_form import SAMPLED_PAIRS, ClosedForm
from ml.nn.alternating import Penalties, factorise
from ml.nn.losses import fit_temperature


class Ials(ClosedForm[IalsConfig]):
    """x_ui = s w_u . v_i, where w_u . v_i is fitted to 1 for what u took and to 0, with less weight, for all else.

    Hu, Koren & Volinsky 2008, with the penalties of Rendle et al. 2021, arXiv:2110.14037. The scale s makes a score's
    sigmoid a probability: it is fitted on the last items of users, by factors that were fitted without them.
    """

    method = "ials"

    def solve(self, data: PersonalData, generator: torch.Generator) -> None:
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
