"""ease: a linear regression of each item on all others that a user took; without images."""

import torch
from torch import Tensor

from ml.configs.personal import EaseConfig
from ml.data.interactions import Interactions, PersonalData
from ml.errors import BadData
from ml.models.closed_form import ClosedForm
from ml.nn.item_regression import Regression

MOST_ITEMS = 20_000  # that anybody took: the matrix and its inverse have 3 GB then, and take minutes


class Ease(ClosedForm[EaseConfig]):
    """x_ui = s sum of B_ji over the items j that u took, where B minimises |X - X B|^2 + lambda |B|^2, B_ii = 0.

    Steck 2019, arXiv:1905.03375, equation 8. A vector has no room for a number for each item: B is used through its
    largest singular values, B = L S R^T. The vector of u is s x_u L sqrt(S), that of i is R_i sqrt(S).
    """

    method = "ease"

    def on_fit_start(self, data: PersonalData, generator: torch.Generator) -> None:
        taken = int((data.train.popularity > 0).sum())
        if taken > MOST_ITEMS:
            raise BadData(f"ease takes at most {MOST_ITEMS:,} items that anybody took; there are {taken:,}")

    def solve(self, train: Interactions, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        config = self.config
        regression = Regression.fit(train, config.regularisation, config.factors, MOST_ITEMS, self.device)
        return regression.users(train), regression.items(train)
