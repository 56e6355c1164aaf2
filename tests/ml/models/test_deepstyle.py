from dataclasses import replace

import pytest
import torch
from torch.testing import assert_close

from ml.errors import BadData
from ml.training.loop import TrainConfig, fit
from tests.ml.worlds import categories, data_for, exhaust, small, toy_images, trained


def test_without_categories_it_refuses_and_names_their_file():
    with pytest.raises(BadData, match=r"items\.csv"):
        exhaust(fit(small("deepstyle"), replace(data_for("deepstyle"), categories=None)))


def test_the_loss_is_the_papers_by_category():
    torch.manual_seed(0)
    model = small("deepstyle", lambda_w=0.3, lambda_e=0.1)
    model.allocate(users=2, items=4, categories=2)
    for parameter in (model.u, model.v, model.c, model.E):
        torch.nn.init.normal_(parameter, std=0.5)
    model.category.copy_(torch.tensor([0, 1, 1, 2]))  # the last item has none
    model.cached_features = torch.randn(4, model.frozen.width).half()

    [(_, loss)] = model.objectives((torch.tensor([0, 1]), torch.tensor([0, 2]), torch.tensor([1, 3])))

    def vector(item, category):
        return model.E @ model.cached_features[item].float() - model.c[category] + model.v[item]

    naive = 0.05 * model.E.square().sum()
    for user, (i, c_i), (j, c_j) in ((0, (0, 0), (1, 1)), (1, (2, 1), (3, 2))):
        x = model.u[user] @ (vector(i, c_i) - vector(j, c_j))
        own = (model.u[user], model.v[i], model.v[j], model.c[c_i], model.c[c_j])
        naive = naive - torch.sigmoid(x).log() + 0.15 * sum(each.square().sum() for each in own)
    assert_close(loss, naive / 2, rtol=1e-4, atol=1e-4)


def test_a_category_is_subtracted_from_all_its_items_and_from_no_other():
    model = trained("deepstyle")
    before = _vectors(model, torch.arange(40))

    with torch.no_grad():
        model.c[1] += 1.0

    moved = before - _vectors(model, torch.arange(40))
    assert_close(moved, torch.from_numpy(categories() == 1)[:, None] * torch.ones(40, 8), rtol=0, atol=1e-5)


def test_a_new_item_has_the_mean_of_the_categories_and_of_the_items():
    model = trained("deepstyle")

    known, new = _vectors(model, torch.arange(40)), _vectors(model, torch.full((40,), -1))

    by_picture = known - (model.v - model.mean_v) * model.known[:, None] + (model.c[model.category] - model.mean_c)
    assert_close(new, by_picture.detach(), rtol=0, atol=1e-5)


def test_items_without_a_category_share_one_of_their_own():
    model = trained("deepstyle", epochs=1)

    assert model.state_shapes["categories"] == 2
    assert model.category.tolist() == [2 if category < 0 else category for category in categories().tolist()]
    assert (model.c[2] != 0).any()


def test_the_loss_falls():
    epochs = exhaust(fit(small("deepstyle"), data_for("deepstyle"), TrainConfig(epochs=10)))

    assert epochs[-1].losses["all"] < epochs[0].losses["all"]


def _vectors(model, items):
    with torch.inference_mode():
        return model.embed(toy_images(40).batch(range(40)), items)
