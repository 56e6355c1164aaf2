import numpy as np
import pytest
import torch

from ml.data.interactions import Interactions
from ml.nn.comparison import Comparison


def comparison_of(users: int, items: int, taken: np.ndarray) -> Comparison:
    """Users who have taken item 0 each, beside an item that is held out of each."""
    train = Interactions(np.arange(users), np.zeros(users, int), np.zeros(users), users, items)
    held_out = Interactions(np.arange(users), taken, np.ones(users), users, items)
    return Comparison(held_out, train, torch.Generator().manual_seed(0), torch.device("cpu"))


def drawn(users: int, items: int, strength: float, seed: int = 0) -> tuple[Comparison, torch.Tensor]:
    """Items taken with the probability of a softmax of `strength` times a prediction; the predictions' scores."""
    rng = np.random.default_rng(seed)
    predictions = rng.normal(size=(users, items)).astype(np.float32)
    odds = np.exp(strength * predictions[:, 1:])
    taken = np.array([1 + rng.choice(items - 1, p=row / row.sum()) for row in odds])
    comparison = comparison_of(users, items, taken)
    return comparison, comparison.scores(torch.eye(users), torch.from_numpy(predictions.T))


def test_what_foretells_what_is_taken_is_trusted_as_far_as_it_does():
    for strength in (0.3, 0.6, 0.9):
        comparison, scores = drawn(400, 2000, strength)

        assert comparison.trust(scores) == pytest.approx(strength, abs=0.15)


def test_what_foretells_more_than_it_says_is_trusted_and_no_more():
    comparison, scores = drawn(400, 50, 2.0)

    assert comparison.trust(scores) == 1


def test_what_says_nothing_or_the_opposite_is_not_trusted():
    for strength, most in ((0.0, 0.1), (-1.0, 0.0)):
        comparison, scores = drawn(400, 2000, strength)

        assert comparison.trust(scores) <= most


def test_without_evidence_predictions_are_trusted_and_with_little_nearly():
    nothing = comparison_of(3, 50, np.array([1, 2, 3]))
    nothing.users, nothing.items = nothing.users[:0], nothing.items[:0]
    few, scores = drawn(2, 50, 0.0)

    assert nothing.trust(torch.zeros(0, 51)) == 1
    assert few.trust(scores) > 0.7


def test_an_item_counts_once_however_many_took_it():
    """One popular item is foretold, twenty others are not: each held out once, they outweigh it."""
    users, items = 120, 60
    taken = np.concatenate([np.full(100, 1), np.arange(2, 22)])
    comparison = comparison_of(users, items, taken)
    predictions = np.random.default_rng(0).normal(size=(users, items)).astype(np.float32)
    predictions[:100, 1] += 3

    one_by_one = comparison.trust(comparison.scores(torch.eye(users), torch.from_numpy(predictions.T)))

    assert one_by_one < 0.6


def test_what_the_user_has_is_not_compared_with():
    comparison = comparison_of(4, 10, np.array([3, 4, 5, 6]))

    counted = [set(comparison.others[row].tolist()) for row in comparison.counted]

    assert counted == [set(range(10)) - {0, item} for item in (3, 4, 5, 6)]
