"""Chances of scores: fitted to what users took and to items drawn at random, and how reliable they are.

A chance is defined by a choice of two: an item that a user took later, and one drawn evenly from those that the user
never took. Of all such items with one score, it is the share of those taken.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Self

import numpy as np
from torch import Tensor

from ml.data.interactions import Split

DRAWN = 10  # items for each that was taken; together they weigh as much as that
PRIOR = 1.0  # precision of slope and offset around 1 and 0, with which the score is the logarithm of the odds
STEPS = 50
BINS = 10
TOP = 0.05  # share of the trials, those of the highest scores, by whose chance no other is exceeded


@dataclass(frozen=True)
class Bin:
    """Trials whose probability is in one range.

    probability: the mean of what was predicted; share: of those that were right.
    """

    low: float
    high: float
    count: int
    probability: float
    share: float
    weight: float  # of its trials together


class Curve(NamedTuple):
    """The chance of a score: sigmoid(slope * score + offset), at most `highest` where no evidence reaches further."""

    slope: float
    offset: float
    highest: float

    def chances(self, scores: np.ndarray) -> np.ndarray:
        """Return the chances of scores, not limited: they tell scores apart at the top, too."""
        return np.asarray(1 / (1 + np.exp(-(self.slope * scores + self.offset).clip(-700, 700))))


class Trials(NamedTuple):
    """Scores of items that users took, and of others."""

    scores: np.ndarray  # (N,)
    taken: np.ndarray  # (N,) bool
    weights: np.ndarray  # (N,) above 0
    users: np.ndarray  # (N,)

    @classmethod
    def draw(cls, users: Tensor, items: Tensor, split: Split, on: str, seed: int) -> Self:
        """Compute scores of each user's held-out item, and items drawn from those that are in no part of the user's.

        users: (U, D). items: (I, D). on: "test" or "validation".
        """
        rng = np.random.default_rng(seed)
        user_vectors, item_vectors = users.double().numpy(), items.double().numpy()
        held_out = getattr(split, on)
        rows = []
        for user, item in zip(held_out.users, held_out.items, strict=True):
            drawn = rng.choice(len(items), min(DRAWN, len(items)), replace=False)
            known = [*split.train.by_user[user], *split.validation.by_user[user], *split.test.by_user[user]]
            drawn = drawn[~np.isin(drawn, known)]
            if len(drawn):
                scores = item_vectors[[item, *drawn]] @ user_vectors[user]
                weights = np.repeat([1.0, 1 / len(drawn)], [1, len(drawn)])
                rows.append((scores, np.arange(len(scores)) == 0, weights, np.full(len(scores), user)))
        if not rows:
            return cls(np.zeros(0), np.zeros(0, dtype=bool), np.zeros(0), np.zeros(0, dtype=int))
        return cls(*(np.concatenate(column) for column in zip(*rows, strict=True)))

    def select(self, rows: np.ndarray) -> "Trials":
        """Return the trials of these indices or this mask."""
        return Trials(*(column[rows] for column in self))


def fit_curve(trials: Trials) -> Curve:
    """Fit the chance of a score by logistic regression. Platt 1999; a slope below 0 becomes 0.

    The fewer trials there are, the nearer it is to sigmoid(score).
    """
    x = np.stack([trials.scores, np.ones(len(trials.scores))], axis=1)
    prior = np.array([1.0, 0.0])
    found = np.array([0.0, 0.0])
    for _ in range(STEPS):
        p = 1 / (1 + np.exp(-(x @ found).clip(-30, 30)))
        gradient = x.T @ (trials.weights * (trials.taken - p)) - PRIOR * (found - prior)
        hessian = (x * (trials.weights * p * (1 - p))[:, None]).T @ x + PRIOR * np.eye(2)
        step = np.linalg.solve(hessian, gradient)
        found = found + step.clip(-5, 5)
        if np.abs(step).max() < 1e-9:
            break
    slope, offset = max(float(found[0]), 0.0), float(found[1])
    curve = Curve(slope, offset, 1.0)
    chances = curve.chances(trials.scores)
    top = chances >= np.quantile(chances, 1 - TOP) if len(chances) else np.zeros(0, dtype=bool)
    # As one more trial that was not taken: of a few trials all may have been.
    highest = trials.weights[top & trials.taken].sum() / (trials.weights[top].sum() + 1)
    return Curve(slope, offset, max(float(highest), 0.5))


def bins_of(
    probabilities: Sequence[float] | np.ndarray,
    true: Sequence[bool] | np.ndarray,
    count: int = 5,
    weights: np.ndarray | None = None,
) -> list[Bin]:
    """Return the reliability of chances, by ranges of equal width; those that are empty are left out."""
    p, right = np.array(probabilities), np.array(true, dtype=float)
    weight = np.ones(len(p)) if weights is None else weights
    index_of = (p * count).astype(int).clip(0, count - 1)
    return [
        Bin(
            index / count,
            (index + 1) / count,
            int(here.sum()),
            float(np.average(p[here], weights=weight[here])),
            float(np.average(right[here], weights=weight[here])),
            float(weight[here].sum()),
        )
        for index in range(count)
        if (here := index_of == index).any()
    ]


def calibration_error(bins: Sequence[Bin]) -> float:
    """Return the mean difference of probability and share over the trials: the expected calibration error."""
    weight = sum(each.weight for each in bins)
    return sum(each.weight * abs(each.probability - each.share) for each in bins) / weight if weight else 0.0


def reliability(curve: Curve, trials: Trials) -> list[Bin]:
    """Return how reliable a curve's chances are, by tenths."""
    return bins_of(curve.chances(trials.scores), trials.taken, BINS, trials.weights)


def cross_fitted_reliability(trials: Trials) -> list[Bin]:
    """Return how reliable chances are that are fitted to one half of the users and measured on the other, both ways."""
    half = np.unique(trials.users, return_inverse=True)[1] % 2 == 1
    chances = np.zeros(len(trials.scores))
    for rows in (half, ~half):
        chances[rows] = fit_curve(trials.select(~rows)).chances(trials.scores[rows])
    return bins_of(chances, trials.taken, BINS, trials.weights)
