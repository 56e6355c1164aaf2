"""A linear regression of each item on the others that a user took, as factors of users and items."""

from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from ml.data.interactions import Interactions

PAIRS = 2**12  # of user and item, whose partners are counted at once: of each at most as many as there are items
OVERSAMPLED, ITERATIONS = 16, 4  # of the randomised decomposition
LEAST = 1e-6  # a singular value below is rounding


class Regression(NamedTuple):
    """B (M, M) as L R^T, and what extends it to items that are no predictors."""

    predictors: Tensor  # (M,) items, ascending
    left: Tensor  # (M, K)
    right: Tensor  # (M, K)
    others: Tensor  # (M, K) the map from how often an item was taken with each predictor to its row of R

    @classmethod
    def fit(cls, train: Interactions, ridge: float, factors: int, most: int, device: torch.device) -> "Regression":
        """Fit B, which minimises |X - X B|^2 + ridge |B|^2 with B_ii = 0, to the `most` items with the most takers.

        Steck 2019, arXiv:1905.03375, equation 8. K is `factors`, for the largest singular values of B; columns beyond
        those are zeros.
        """
        predictors = most_taken(train, most)
        x = _taken(train, predictors, device)
        inverse = _count_together(x)
        inverse.diagonal().add_(ridge)
        inverse = torch.cholesky_inverse(torch.linalg.cholesky(inverse))
        b = (inverse / -inverse.diagonal()).fill_diagonal_(0.0)
        left, values, right = torch.svd_lowrank(b, q=min(len(b), factors + OVERSAMPLED), niter=ITERATIONS)
        k = min(factors, int((values > LEAST).sum()))
        root = values[:k].sqrt()
        left, right = left[:, :k], right[:, :k]
        parts = (left * root, right * root, inverse @ (left / root))
        return cls(torch.from_numpy(predictors), *(F.pad(part, (0, factors - k)) for part in parts))

    def users(self, train: Interactions) -> Tensor:
        """Return (U, K): of each user the sum of L's rows over the predictors that they took."""
        return torch.sparse.mm(_taken(train, self.predictors.numpy(), self.left.device), self.left)

    def items(self, train: Interactions) -> Tensor:
        """Return (I, K): the rows of R, and of an item that is no predictor those of a regression on the predictors.

        An item that nobody took has zeros.
        """
        device = self.left.device
        together = torch.sparse.mm(_taken(train, self.predictors.numpy(), device), self.others)  # (U, K)
        found = torch.sparse.mm(_taken(train, np.arange(train.n_items), device).T, together)
        found[self.predictors] = self.right
        return found


def most_taken(train: Interactions, most: int) -> np.ndarray:
    """Return the items that anybody took, ascending, or the `most` of them with the most takers."""
    first = np.argsort(-train.popularity, kind="stable")[:most]
    return np.sort(first[train.popularity[first] > 0])


def _taken(train: Interactions, items: np.ndarray, device: torch.device) -> Tensor:
    """Return (U, M), sparse, 1 where the user took the item, sorted by both."""
    column = np.full(train.n_items, -1)
    column[items] = np.arange(len(items))
    pairs = train.distinct.select(column[train.distinct.items] >= 0)
    indices = torch.from_numpy(np.stack([pairs.users, column[pairs.items]]))
    size = (train.n_users, len(items))
    return torch.sparse_coo_tensor(indices, torch.ones(len(pairs)), size, check_invariants=True).to(device).coalesce()


def _count_together(x: Tensor) -> Tensor:
    """Compute X^T X (M, M), dense, of a sparse X (U, M) of ones, pair by pair: most users took few of the items."""
    users, columns = x.indices()
    size = x.shape[1]
    counts = torch.bincount(users, minlength=len(x))
    first = counts.cumsum(dim=0) - counts
    together = torch.zeros(size * size, device=x.device)
    for rows in torch.arange(len(users), device=x.device).split(PAIRS):
        own = counts[users[rows]]  # partners of each row
        row, before = (each.repeat_interleave(own) for each in (rows, own.cumsum(dim=0) - own))
        partner = first[users[row]] + torch.arange(len(row), device=x.device) - before
        together.index_add_(0, columns[row] * size + columns[partner], together.new_ones(len(row)))
    return together.view(size, size)
