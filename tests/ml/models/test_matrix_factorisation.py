import pytest
import torch
from torch.testing import assert_close

from tests.ml.worlds import data_for, small, trained, vectors_of

METHODS = ("bpr-mf", "warp")


@pytest.mark.parametrize("method", METHODS)
def test_a_score_is_the_bias_and_the_inner_product_less_the_average_items(method):
    model = trained(method)

    scores = model.user_vectors() @ vectors_of(model).T

    taken = model.known
    direct = (model.b + model.w @ model.v.T).detach()  # (24, 40)
    assert_close(scores[:, taken], direct[:, taken] - direct[:, taken].mean(dim=1, keepdim=True), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("method", METHODS)
def test_an_item_that_nobody_took_and_one_added_later_are_average(method):
    model = trained(method)
    untaken = (~model.known).nonzero()[:1, 0]

    vectors = model.embed(None, torch.cat([untaken, torch.tensor([-1])]))

    assert torch.equal(vectors, torch.zeros(2, model.dimensions))


@pytest.mark.parametrize("method", METHODS)
def test_a_training_starts_with_small_random_factors_for_all_users_and_items(method):
    model, data = small(method), data_for(method)
    torch.manual_seed(0)

    model.on_fit_start(data, torch.Generator())

    assert model.state_shapes == {"users": 24, "items": 40}
    assert 0.03 < model.w.std() < 0.07 and 0.03 < model.v.std() < 0.07
    assert not model.b.any()
    assert torch.equal(model.known, torch.from_numpy(data.train.popularity > 0))
