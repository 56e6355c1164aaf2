import numpy as np
import pytest
import torch
from torch.testing import assert_close

from ml.data.interactions import Interactions, PersonalData
from ml.errors import BadData
from ml.models import ease
from ml.models.factory import create
from ml.training.loop import fit
from tests.ml.worlds import data_for


def test_with_all_singular_vectors_the_scores_are_those_of_the_regression():
    """By ordinary ridge regressions, one item at a time."""
    train = data_for("ease").train
    model = create("ease", factors=40, regularisation=2.0)
    list(fit(model, PersonalData(None, train)))
    x = np.zeros((train.n_users, train.n_items))
    x[train.distinct.users, train.distinct.items] = 1
    expected = np.zeros_like(x)
    for item in np.flatnonzero(train.popularity):
        others = np.delete(x, item, axis=1)
        left = others.T @ others + 2 * np.eye(others.shape[1])
        expected[:, item] = others @ np.linalg.solve(left, others.T @ x[:, item])

    scores = model.w @ model.v.T

    scale = float((scores * torch.from_numpy(expected)).sum() / np.square(expected).sum())
    assert scale > 0
    assert_close(scores, torch.from_numpy(scale * expected).float(), rtol=0.0, atol=0.01 * scale)


def test_more_items_than_fit_in_memory_are_refused(monkeypatch):
    monkeypatch.setattr(ease, "MOST_ITEMS", 2)
    train = Interactions(np.zeros(3, int), np.arange(3), np.arange(3.0), n_users=1, n_items=9)

    with pytest.raises(BadData, match="at most 2 items that anybody took; there are 3"):
        list(fit(create("ease"), PersonalData(None, train)))
