"""ials: factors of users and items by alternating least squares; without images."""

import torch
from torch import Tensor

from ml.configs.personal import IalsConfig
from ml.data.interactions import Interactions
from ml.models.closed_form import ClosedForm
from ml.nn.alternating import Penalties, factorise


class Ials(ClosedForm[IalsConfig]):
    """x_ui = s w_u . v_i, where w_u . v_i is fitted to 1 for what u took and to 0, with less weight, for all else.

    Hu, Koren & Volinsky 2008, with the penalties of Rendle et al. 2021, arXiv:2110.14037.
    """

    method = "ials"

    def solve(self, train: Interactions, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        penalties = Penalties(self.config.unobserved, self.config.regularisation)
        return factorise(train, self.dimensions, penalties, generator, self.device)
