import numpy as np
import pytest
import torch
from torch.testing import assert_close

from ml.data.interactions import Interactions
from ml.nn import item_regression
from ml.nn.item_regression import Regression, most_taken
from tests.ml.worlds import toy_interactions

CPU = torch.device("cpu")
RIDGE = 2.0


def matrix(train: Interactions) -> np.ndarray:
    x = np.zeros((train.n_users, train.n_items))
    x[train.users, train.items] = 1
    return x


def ridge_regression(x: np.ndarray, item: int, predictors: np.ndarray) -> np.ndarray:
    """Coefficients of the item on these, by an ordinary ridge regression."""
    others = x[:, predictors]
    return np.linalg.solve(others.T @ others + RIDGE * np.eye(len(predictors)), others.T @ x[:, item])


def test_an_item_is_regressed_on_the_most_taken_but_itself():
    train = toy_interactions()
    x, predictors = matrix(train), most_taken(train, 12)

    fitted = Regression.fit(train, RIDGE, factors=40, most=12, device=CPU)

    scores = fitted.users(train) @ fitted.items(train).T
    expected = np.zeros_like(x)
    for item in np.flatnonzero(train.popularity):
        others = np.setdiff1d(predictors, item)
        expected[:, item] = x[:, others] @ ridge_regression(x, item, others)
    assert len(predictors) == 12 < np.count_nonzero(train.popularity)
    assert_close(scores, torch.from_numpy(expected).float(), rtol=0, atol=1e-4)


def test_the_most_taken_are_those_with_the_most_takers_and_never_any_that_nobody_took():
    users, items = [0, 1, 2, 0, 1, 3], [4, 4, 4, 2, 2, 0]
    train = Interactions(np.array(users), np.array(items), np.arange(6.0), n_users=4, n_items=6)

    assert most_taken(train, 2).tolist() == [2, 4]
    assert most_taken(train, 9).tolist() == [0, 2, 4]


def test_fewer_factors_approximate_the_scores_and_more_than_there_are_stay_zeros():
    train = toy_interactions()
    whole, few, many = (Regression.fit(train, RIDGE, factors, most=40, device=CPU) for factors in (20, 4, 60))

    scores, near, same = (each.users(train) @ each.items(train).T for each in (whole, few, many))

    assert few.left.shape[1] == 4
    assert 0 < (scores - near).norm() < 0.5 * scores.norm()
    assert (many.left[:, 20:] == 0).all()
    assert_close(same, scores, rtol=0, atol=1e-4)


@pytest.mark.parametrize("at_once", [1, 7])
def test_what_is_counted_at_once_changes_nothing(monkeypatch, at_once):
    train = toy_interactions()
    x = matrix(train)
    monkeypatch.setattr(item_regression, "PAIRS", at_once)

    counted = item_regression._count_together(item_regression._taken(train, np.arange(40), CPU))

    assert_close(counted, torch.from_numpy(x.T @ x).float(), rtol=0, atol=0)
