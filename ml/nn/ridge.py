"""Ridge regressions of items' factors on their descriptors, weighed by how many users took each item."""

from functools import reduce
from operator import add
from typing import NamedTuple

import torch
from torch import Tensor

FOLDS = 5
HALF_WEIGHT = 10.0  # takers: an item with so many weighs half as much in the regression as one with infinitely many


def append_ones(descriptors: Tensor) -> Tensor:
    """Append a column of ones, (N, F) to (N, F + 1), by which a regression learns a bias."""
    return torch.cat([descriptors, torch.ones_like(descriptors[:, :1])], dim=1)


def fit_ridge(descriptors: Tensor, factors: Tensor, takers: Tensor, ridge: float) -> Tensor:
    """Fit the map (F, K) from descriptors (I, F) to factors (I, K) by ridge regression.

    takers: (I,) how many users took each item: its weight grows with them up to 1.
    """
    return _Moments.of(descriptors, factors, takers).solve(ridge)


def cross_fit(descriptors: Tensor, factors: Tensor, takers: Tensor, ridge: float) -> Tensor:
    """Predict the factors (I, K) of each item by a regression on four fifths of the items, without the item itself.

    A regression that includes an item can memorise it, since there are hundreds of descriptors.
    """
    folds = torch.arange(len(factors), device=factors.device) % FOLDS
    parts = [
        _Moments.of(descriptors[folds == fold], factors[folds == fold], takers[folds == fold]) for fold in range(FOLDS)
    ]
    mu = torch.empty_like(factors)
    for fold in range(FOLDS):
        others = _Moments.sum([*parts[:fold], *parts[fold + 1 :]])
        mu[folds == fold] = descriptors[folds == fold] @ others.solve(ridge)
    return mu


class _Moments(NamedTuple):
    """The sufficient statistics of a weighted ridge regression; those of several parts add up."""

    gram: Tensor  # (F, F)
    cross: Tensor  # (F, K)
    weight: Tensor  # () of all items

    @classmethod
    def of(cls, descriptors: Tensor, factors: Tensor, takers: Tensor) -> "_Moments":
        """Compute the moments of some items."""
        weights = takers / (takers + HALF_WEIGHT)
        weighted = descriptors * weights[:, None]
        return cls(descriptors.T @ weighted, weighted.T @ factors, weights.sum())

    @classmethod
    def sum(cls, parts: "list[_Moments]") -> "_Moments":
        """Add the moments of parts."""
        return cls(*(reduce(add, column) for column in zip(*parts, strict=True)))

    def solve(self, ridge: float) -> Tensor:
        """Solve for the coefficients (F, K). ridge: the penalty, as a share of the items' weight."""
        penalty = (ridge * self.weight).clamp(min=1e-6) * torch.eye(len(self.gram), device=self.gram.device)
        return torch.linalg.solve(self.gram + penalty, self.cross)
