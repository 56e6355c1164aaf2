import numpy as np
import torch
from torch.testing import assert_close

from ml.data.interactions import Interactions
from ml.nn import alternating
from ml.nn.alternating import Penalties, factorise

PENALTIES = Penalties(unobserved=0.1, regularisation=0.05)


def world(weights: np.ndarray | None = None) -> Interactions:
    """Four users, the last without interactions, and five items."""
    users, items = np.array([0, 0, 0, 1, 1, 2]), np.array([0, 1, 2, 0, 3, 1])
    return Interactions(users, items, np.zeros(6), n_users=4, n_items=5, weights=weights)


def fitted(train: Interactions, predict=None) -> tuple[torch.Tensor, torch.Tensor]:
    return factorise(train, 2, PENALTIES, torch.Generator().manual_seed(0), torch.device("cpu"), predict)


def objective(train: Interactions, w: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
    weights = torch.ones(len(train)) if train.weights is None else torch.from_numpy(train.weights).float()
    confidence = torch.full((4, 5), PENALTIES.unobserved)
    confidence[train.users, train.items] += weights
    wanted = torch.zeros(4, 5)
    wanted[train.users, train.items] = weights / (weights + PENALTIES.unobserved)
    of_users, of_items = confidence.sum(dim=1), confidence.sum(dim=0)
    error = (confidence * (wanted - w @ v.T).square()).sum()
    return error + PENALTIES.regularisation * ((of_users @ w.square()).sum() + (of_items @ v.square()).sum())


def test_no_users_factors_fit_better():
    for weights in (None, np.array([1.0, 2.0, 0.5, 1.0, 3.0, 1.0])):
        train = world(weights)
        w, v = fitted(train)

        w.requires_grad_()
        objective(train, w, v).backward()

        assert_close(w.grad, torch.zeros_like(w), rtol=0, atol=1e-5)


def test_a_user_without_interactions_has_zeros():
    assert fitted(world())[0][3].tolist() == [0, 0]


def test_an_item_without_takers_is_drawn_to_its_prediction_and_the_others_less():
    means = torch.tensor([[1.0, -1.0]]).repeat(5, 1)

    alone, drawn = fitted(world())[1], fitted(world(), lambda v: means)[1]

    assert alone[4].abs().max() == 0
    assert drawn[4, 0] > 0.05 > -0.05 > drawn[4, 1]


def test_many_rows_are_solved_as_one_by_one(monkeypatch):
    together = fitted(world())
    monkeypatch.setattr(alternating, "ELEMENTS", 1)

    for one, other in zip(together, fitted(world()), strict=True):
        assert_close(one, other)
