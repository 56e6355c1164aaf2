import math

import pytest
import torch
from torch.testing import assert_close

from tests.ml.worlds import data_for, small, toy_interactions


@pytest.fixture
def model():
    """A model of 3 users and 6 items with random factors."""
    torch.manual_seed(0)
    model = small("bpr-mf", decay=0.3, bias_decay=0.2)
    model.allocate(users=3, items=6)
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter)
    return model


def test_the_loss_is_the_papers(model):
    triples = (torch.tensor([0, 1, 2, 2]), torch.tensor([0, 1, 2, 3]), torch.tensor([5, 4, 3, 0]))

    [(_, loss)] = model.objectives(triples)

    naive = torch.zeros(())
    for u, i, j in zip(*(column.tolist() for column in triples), strict=True):
        x_ui, x_uj = (model.b[item] + model.w[u] @ model.v[item] for item in (i, j))
        naive = naive - torch.sigmoid(x_ui - x_uj).log()
        naive = naive + 0.15 * (model.w[u].square().sum() + model.v[i].square().sum() + model.v[j].square().sum())
        naive = naive + 0.1 * (model.b[i] ** 2 + model.b[j] ** 2)
    assert_close(loss, naive / 4, rtol=1e-4, atol=1e-4)


def test_the_learning_rate_falls_along_a_cosine(model):
    assert [model.lr_factor(done) for done in (0, 0.5, 1)] == pytest.approx([1, 0.5, 0])


@pytest.mark.parametrize(("given", "expected"), [(0, 1024), (16, 16)])
def test_the_batch_size_is_the_configs_or_one_that_suits_the_pairs(given, expected):
    model, data = small("bpr-mf", batch_size=given), data_for("bpr-mf")

    batches = model.batches(data, torch.Generator().manual_seed(0))

    assert model.batch_size(toy_interactions()) == expected
    assert len(batches) == math.ceil(len(data.train.distinct) / expected)
    assert all(part.shape == (expected,) for part in next(iter(batches)))
