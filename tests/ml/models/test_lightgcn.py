import numpy as np
import torch
from torch.testing import assert_close

from ml.data.interactions import Interactions
from ml.models.factory import create
from ml.models.lightgcn import LightGcn, adjacency
from tests.ml.worlds import trained, vectors_of


def small_graph() -> Interactions:
    """User 0 took items 0 and 1, user 1 item 1; nobody took item 2."""
    return Interactions(np.array([0, 0, 1]), np.array([0, 1, 1]), np.arange(3.0), n_users=2, n_items=3)


def test_an_edge_is_divided_by_the_root_of_both_degrees():
    a = adjacency(small_graph()).to_dense()

    assert_close(a, a.T)
    assert_close(a[0], torch.tensor([0, 0, 0.5**0.5, 0.5, 0]))
    assert_close(a[1], torch.tensor([0, 0, 0, 0.5**0.5, 0]))


def test_factors_are_the_mean_over_the_layers():
    model = create("lightgcn", factors=4, layers=2)
    assert isinstance(model, LightGcn)
    model.allocate(users=2, items=3)
    torch.nn.init.normal_(model.e)
    model.graph = adjacency(small_graph())
    a = model.graph.to_dense()

    averaged = model.average().detach()

    assert_close(averaged, ((torch.eye(5) + a + a @ a) @ model.e / 3).detach())


def test_vectors_of_items_are_centred_and_of_those_that_nobody_took_zeros():
    model = trained("lightgcn", epochs=30)

    known = model.known
    vectors = vectors_of(model)

    assert vectors[~known].abs().max() == 0
    assert_close(vectors[known].mean(dim=0), torch.zeros(8), atol=1e-5, rtol=0.0)
