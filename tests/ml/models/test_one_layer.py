"""cae-bpr and inception-bpr."""

import math

import pytest
import torch
from torch.testing import assert_close

from ml.data.decoding import Stretched
from ml.training.loop import TrainConfig, fit
from tests.ml.worlds import data_for, exhaust, small

PUBLISHED = {"sampling": "triples", "learning_rate": 1e-4, "lambda_u": 1.0, "lambda_theta": 1e-3}


@pytest.mark.parametrize("method", ["cae-bpr", "inception-bpr"])
def test_as_published_a_batch_of_equal_scores_costs_ln_2_a_pair(method):
    model = small(method, **PUBLISHED, batch_size=16)
    model.allocate(users=24)  # theta is 0
    model.cached_features = torch.randn(40, model.head.in_features).half()
    batch = (torch.arange(32), torch.arange(16))

    [(_, loss)] = model.objectives(batch)

    assert loss.item() == pytest.approx(16 * math.log(2))


@pytest.mark.parametrize("method", ["cae-bpr", "inception-bpr"])
def test_swapping_the_items_negates_their_difference(method):
    torch.manual_seed(0)
    model = small(method, sampling="triples", lambda_u=0.0)
    model.allocate(users=24)
    torch.nn.init.normal_(model.theta)
    model.cached_features = torch.randn(40, model.head.in_features).half()
    users, i, j = torch.arange(4), torch.arange(4), torch.arange(4, 8)

    [(_, loss)] = model.objectives((torch.cat([i, j]), users))
    [(_, swapped)] = model.objectives((torch.cat([j, i]), users))

    x = (model.theta[users] * (model.phi(model.cached_features[i]) - model.phi(model.cached_features[j]))).sum(dim=1)
    assert_close(loss - swapped, -x.sum(), rtol=1e-3, atol=1e-3)  # softplus(-x) - softplus(x) = -x


def test_the_regulariser_counts_each_of_a_batchs_shoppers():
    model = small("inception-bpr", **PUBLISHED)
    model.allocate(users=24)
    model.theta.data[3] = 2.0
    model.cached_features = torch.zeros(40, model.head.in_features).half()

    [(_, loss)] = model.objectives((torch.arange(4), torch.tensor([3, 3])))

    assert loss.item() == pytest.approx(2 * math.log(2) + 0.5 * 2 * 8 * 2.0**2)
    decayed, free = model.optimizers()["taste"].param_groups
    assert (decayed["weight_decay"], free["weight_decay"]) == (1e-3, 0)  # weights but not biases


def test_features_are_standardised_over_the_catalogue_to_a_length_of_1():
    model, data = small("inception-bpr"), data_for("inception-bpr")
    exhaust(fit(model, data, TrainConfig(epochs=1)))

    standard = (model.catalogue_features(data).float() - model.mean) / model.deviation

    alive = standard.abs().sum(dim=0) > 0
    spread = standard.std(dim=0, correction=0)[alive]
    assert_close(standard.mean(dim=0), torch.zeros(standard.shape[1]), rtol=0, atol=1e-3)
    assert_close(spread, torch.full_like(spread, len(alive) ** -0.5), rtol=1e-2, atol=0)


@pytest.mark.parametrize("method", ["cae-bpr", "inception-bpr"])
def test_the_published_reading_is_the_sources_schedule_and_does_not_standardise(method):
    model = small(method, reading="published")

    settings = {name: getattr(model.config, name) for name in ("sampling", "learning_rate", "lambda_u", "lambda_theta")}
    assert settings == {**PUBLISHED, "sampling": "users"}
    assert model.epochs == {"cae-bpr": 1 + 25, "inception-bpr": 20}[method]
    assert not model.standardised and model.lr_factor(0.9) == 1
    assert isinstance(model.image_size, Stretched)


def test_an_epoch_of_the_source_has_one_triple_of_each_user():
    model, data = small("inception-bpr", reading="published", batch_size=16), data_for("inception-bpr")
    model.on_fit_start(data, torch.Generator().manual_seed(0))

    users = torch.cat([users for _, users in model.batches(data, torch.Generator().manual_seed(0))])

    assert sorted(users.tolist()) == list(range(24))
