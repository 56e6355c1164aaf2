"""cae-bpr and inception-bpr."""

import math

import pytest
import torch
import torchvision
from torch.testing import assert_close

from ml.errors import BadWeights
from ml.models.factory import create
from ml.training import checkpoints
from ml.training.loop import TrainConfig, fit
from tests.ml.worlds import data_for, exhaust, pictures, small, trained

PUBLISHED = {"sampling": "triples", "learning_rate": 1e-4, "lambda_u": 1.0, "lambda_theta": 1e-3}


def test_the_autoencoders_head_has_the_published_size():
    model = create("cae-bpr")

    assert sum(p.numel() for p in model.head.parameters()) == 7_400
    assert sum(p.numel() for p in model.frozen.encoder.parameters()) == 305_107
    assert model.image_size == (224, 224)


def test_inceptions_head_has_the_published_size():
    model = create("inception-bpr")

    assert sum(p.numel() for p in model.head.parameters()) == 2_560_050
    assert sum(p.numel() for p in model.frozen.parameters()) == 21_802_784 - _statistics(model)
    assert model.image_size == (224, 224)


def _statistics(model):
    # Keras counts the batch norms' running means and variances among the frozen parameters; and has no gamma.
    norms = [m for m in model.frozen.modules() if isinstance(m, torch.nn.BatchNorm2d)]
    return sum(m.running_mean.numel() + m.running_var.numel() for m in norms) - sum(m.weight.numel() for m in norms)


@pytest.mark.parametrize(("reading", "width"), [("flattened", 2048 * 3 * 3), ("pooled", 2048)])
def test_pooled_is_the_mean_of_flattened(reading, width, tmp_path):
    torch.manual_seed(0)
    network = torchvision.models.inception_v3(weights=None, init_weights=False)
    torch.save(network.state_dict(), tmp_path / "weights.pth")
    model = create("inception-bpr", reading=reading, weights=str(tmp_path / "weights.pth"), image_size=150)
    images = pictures(2, 150)
    model.frozen.on_fit_start(images, torch.Generator())

    with torch.inference_mode():
        seen = model.extract(images.batch([0, 1]))
        model.frozen.backbone.network.avgpool = torch.nn.AdaptiveAvgPool2d(1)
        pooled = model.extract(images.batch([0, 1]))

    assert seen.shape == (2, width)
    assert_close(seen.view(2, 2048, -1).mean(dim=2), pooled, rtol=1e-3, atol=1e-4)


def test_without_weights_it_refuses_before_anything_is_trained(tmp_path):
    model = small("inception-bpr", weights=str(tmp_path / "none.safetensors"))

    with pytest.raises(BadWeights, match=r"none\.safetensors: there is no such file"):
        model.check()


@pytest.mark.parametrize("method", ["cae-bpr", "inception-bpr"])
def test_as_published_a_batch_that_tells_nothing_costs_ln_2_a_pair(method):
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


def test_the_autoencoder_learns_first_and_then_no_more():
    model = small("cae-bpr", cae_epochs=2)
    epochs = fit(model, data_for("cae-bpr", 24), TrainConfig(epochs=4))

    optimizers, encoders, heads = [], [], []
    for epoch in epochs:
        optimizers.append(list(epoch.losses))
        encoders.append(model.frozen.encoder[0].weight.detach().clone())
        heads.append(model.head.weight.detach().clone())

    assert optimizers == [["network"], ["network"], ["taste"], ["taste"]]
    assert not torch.equal(encoders[0], encoders[1]) and torch.equal(heads[0], heads[1])
    assert torch.equal(encoders[1], encoders[3]) and not torch.equal(heads[2], heads[3])
    assert model.warnings() == []


def test_an_autoencoders_training_goes_on_where_it_was_interrupted(tmp_path):
    data, config = data_for("cae-bpr", 24), TrainConfig(epochs=3)
    whole, broken, resumed = (small("cae-bpr", cae_epochs=2) for _ in range(3))
    exhaust(fit(whole, data, config))

    next(fit(broken, data, config, folder=tmp_path))
    epochs = exhaust(fit(resumed, data, config, folder=tmp_path))

    assert [list(epoch.losses) for epoch in epochs] == [["network"], ["taste"]]
    for name, tensor in whole.state_dict().items():
        assert torch.equal(resumed.state_dict()[name], tensor), name


def test_a_training_that_ends_with_the_autoencoder_says_so():
    model = trained("cae-bpr", epochs=1, cae_epochs=3)

    assert model.warnings() == ["all 1 epochs went into the autoencoder (cae_epochs); no shopper's taste was learned"]


def test_as_published_the_code_tells_next_to_nothing():
    model, data = small("cae-bpr", reading="published", cae_epochs=0), data_for("cae-bpr")

    epochs = exhaust(fit(model, data, TrainConfig(epochs=1)))

    seen = model.catalogue_features(data).float()
    assert_close(seen.sum(dim=1), torch.ones(40), rtol=0, atol=1e-2)  # a softmax
    assert (model.deviation == 1).all()  # and not standardised
    assert epochs[0].losses["taste"] > 0


def test_a_stored_version_needs_no_weights(tmp_path):
    model = trained("inception-bpr", epochs=1)
    checkpoints.save(model, tmp_path)
    config = (tmp_path / checkpoints.CONFIG).read_text()
    (tmp_path / checkpoints.CONFIG).write_text(config.replace(model.config.weights, "/nowhere.pth"))

    loaded = checkpoints.load(tmp_path)

    assert torch.equal(loaded.user_vectors(), model.user_vectors())
