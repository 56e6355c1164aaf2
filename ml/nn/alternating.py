"""Alternating least squares for factors of users and items, by exact solutions of many small systems at once."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Self

import numpy as np
import torch
from torch import Tensor

from ml.data.interactions import Interactions

SWEEPS = 8  # over users and items; the ranking hardly changes after six
ELEMENTS = 2**22  # of the factors that are gathered at once: 16 MB


@dataclass(frozen=True)
class Penalties:
    """The weights of what is not observed and of the factors' lengths."""

    unobserved: float  # alpha_0, the weight of a pair that was not observed; an observed one has 1 more
    regularisation: float  # lambda, times the row's weight: that of its pairs and of all that could be


def factorise(
    train: Interactions,
    factors: int,
    penalties: Penalties,
    generator: torch.Generator,
    device: torch.device,
    predict: Callable[[Tensor], Tensor] | None = None,
) -> tuple[Tensor, Tensor]:
    """Fit w (U, K) and v (I, K) so that w_u . v_i is near 1 for pairs of the interactions and near 0 for others.

    Minimises sum_ui c_ui (r_ui - w_u . v_i)^2 + lambda (sum_u n_u |w_u|^2 + sum_i n_i |v_i - mu_i|^2), where n are the
    weights of the row's pairs. predict: returns mu (I, K) of v, once a sweep; None: zeros. A user without interactions
    has zeros. Hu, Koren & Volinsky 2008; the penalty as in Rendle et al. 2021, arXiv:2110.14037, section 4.
    """
    pairs = train.distinct
    by_user = _Rows.of(pairs.users, pairs.items, pairs.weights, train.n_users, device)
    by_item = _Rows.of(pairs.items, pairs.users, pairs.weights, train.n_items, device)
    spread = 0.1 / factors**0.5
    v = (spread * torch.randn(train.n_items, factors, generator=generator)).to(device)
    for sweep in range(SWEEPS):
        w = by_user.solve(v, penalties)
        v = by_item.solve(w, penalties, predict(v) if predict and sweep else None)
    return by_user.solve(v, penalties), v


@dataclass(frozen=True)
class _Rows:
    """The pairs of each row, side by side."""

    partners: Tensor  # (N,) the other side of each pair, row by row
    weights: Tensor  # (N,)
    firsts: np.ndarray  # (R,) where each row begins
    counts: np.ndarray  # (R,)

    @classmethod
    def of(
        cls, rows: np.ndarray, partners: np.ndarray, weights: np.ndarray | None, count: int, device: torch.device
    ) -> Self:
        order = np.argsort(rows, kind="stable")
        counts = np.bincount(rows, minlength=count)
        weight = np.ones(len(rows)) if weights is None else weights
        ordered, weighing = torch.from_numpy(partners[order]), torch.from_numpy(weight[order]).float()
        return cls(ordered.to(device), weighing.to(device), np.cumsum(counts) - counts, counts)

    def solve(self, others: Tensor, penalties: Penalties, means: Tensor | None = None) -> Tensor:
        """Solve for the factors (R, K) of all rows, given those of the other side. means: (R, K) to shrink towards."""
        gram = penalties.unobserved * others.T @ others
        unit = torch.eye(others.shape[1], device=others.device)
        solved = others.new_zeros(len(self.counts), others.shape[1])
        for rows, partners, weights in self._batches(others.shape[1]):
            gathered = others[partners]  # (B, n, K)
            weighted = gathered * weights[:, :, None]
            penalty = penalties.regularisation * (weights.sum(dim=1) + penalties.unobserved * len(others))
            left = gram + weighted.transpose(1, 2) @ gathered + penalty[:, None, None] * unit
            right = weighted.sum(dim=1)
            if means is not None:
                right = right + penalty[:, None] * means[rows]
            solved[rows] = torch.linalg.solve(left, right)
        return solved

    def _batches(self, factors: int) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        """Yield rows (B,), their partners (B, n) and weights (B, n), 0 where a row has fewer than n pairs."""
        device, longest_first = self.partners.device, np.argsort(-self.counts, kind="stable")
        begin = 0
        while begin < len(longest_first):
            longest = max(1, self.counts[longest_first[begin]])
            rows = longest_first[begin : begin + max(1, ELEMENTS // (longest * factors))]
            positions = self.firsts[rows, None] + np.arange(longest)
            present = torch.from_numpy(np.arange(longest) < self.counts[rows, None]).to(device)
            indices = torch.from_numpy(np.minimum(positions, len(self.partners) - 1)).to(device)
            yield torch.from_numpy(rows).to(device), self.partners[indices], self.weights[indices] * present
            begin += len(rows)
