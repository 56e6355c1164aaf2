"""ease: a linear regression of each item on all others that a user took; without images."""

import numpy as np
import torch
from torch import Tensor

from ml.configs.personal import EaseConfig
from ml.data.interactions import Interactions, PersonalData
from ml.data.sampling import Triples
from ml.errors import BadData
from ml.models.closed_form import SAMPLED_PAIRS, ClosedForm
from ml.nn.losses import fit_temperature

MOST_ITEMS = 20_000  # that anybody took: the matrix and its inverse have 3 GB then, and take minutes
OVERSAMPLED, ITERATIONS = 16, 4  # of the randomised decomposition


class Ease(ClosedForm[EaseConfig]):
    """x_ui = s sum of B_ji over the items j that u took, where B minimises |X - X B|^2 + lambda |B|^2, B_ii = 0.

    Steck 2019, arXiv:1905.03375, equation 8. A vector has no room for a number for each item: B is used through its
    largest singular values, B = L S R^T. The vector of u is s x_u L sqrt(S), that of i is R_i sqrt(S). The scale s
    makes a score's sigmoid a probability, fitted on the last items of users with a B that does not know them.
    """

    method = "ease"

    def on_fit_start(self, data: PersonalData, generator: torch.Generator) -> None:
        taken = int((data.train.popularity > 0).sum())
        if taken > MOST_ITEMS:
            raise BadData(f"ease takes at most {MOST_ITEMS:,} items that anybody took; there are {taken:,}")

    def solve(self, data: PersonalData, generator: torch.Generator) -> None:
        held_out = data.train.leave_one_out().test
        scale = fit_temperature(self._margins(data.train.without(held_out), held_out, generator))
        items, x = _matrix(data.train, self.device)
        left, values, right = torch.svd_lowrank(
            self._regress(x), q=min(len(items), self.dimensions + OVERSAMPLED), niter=ITERATIONS
        )
        k = min(self.dimensions, len(values))
        root = values[:k].sqrt()
        self.w[:, :k] = scale * (x @ (left[:, :k] * root))
        self.v[items, :k] = right[:, :k] * root

    def _regress(self, x: Tensor) -> Tensor:
        """Compute B (J, J) of x (U, J)."""
        gram = x.T @ x
        gram.diagonal().add_(self.config.regularisation)
        inverse = torch.cholesky_inverse(torch.linalg.cholesky(gram))
        b = inverse / -inverse.diagonal()
        return b.fill_diagonal_(0.0)

    def _margins(self, train: Interactions, held_out: Interactions, generator: torch.Generator) -> Tensor:
        """Return by how much users' held-out items are above items drawn from those that they did not take."""
        items, x = _matrix(train, self.device)
        b = self._regress(x)
        column = torch.full((train.n_items,), -1)
        column[items] = torch.arange(len(items))
        sample = torch.randperm(len(held_out), generator=generator)[:SAMPLED_PAIRS].numpy()
        users, taken = torch.from_numpy(held_out.users[sample]), torch.from_numpy(held_out.items[sample])
        others = torch.randint(train.n_items, (len(sample),), generator=generator)

        def scores(i: Tensor) -> Tensor:
            return torch.where(column[i] >= 0, (x[users] * b[:, column[i].clamp(min=0)].T).sum(dim=1), 0.0)

        return (scores(taken) - scores(others))[~Triples(train, 1, generator).is_taken(users, others)]


def _matrix(train: Interactions, device: torch.device) -> tuple[Tensor, Tensor]:
    """Return the items that anybody took, (J,), and x (U, J): 1 where the user took the item, else 0."""
    items = np.flatnonzero(train.popularity)
    column = np.full(train.n_items, -1)
    column[items] = np.arange(len(items))
    x = torch.zeros(train.n_users, len(items))
    x[torch.from_numpy(train.distinct.users), torch.from_numpy(column[train.distinct.items])] = 1.0
    return torch.from_numpy(items), x.to(device)
