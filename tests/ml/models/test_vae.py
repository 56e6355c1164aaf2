import math

import pytest
import torch
from torch import nn
from torch.testing import assert_close

from ml.__main__ import main
from ml.configs.similar import VaeConfig
from ml.data.batching import ImageBatches
from ml.data.decoding import Stretched
from ml.models.vae import Vae, draw_published, information, kl_divergence, one_colour_cost
from ml.training.loop import TrainConfig, fit
from tests.ml.worlds import exhaust, small, toy_images, write_table, write_toy_image

SIDE = 136


@pytest.fixture(scope="module")
def shown():
    return toy_images(40, SIDE).batch(range(40))


@pytest.fixture(scope="module")
def fitted():
    """A model after a short training, and the reports of its epochs."""
    model = small("vae")
    epochs = exhaust(fit(model, toy_images(40, SIDE), TrainConfig(epochs=12)))
    return model, epochs


def test_it_has_the_published_size(shown):
    model = small("vae")

    assert sum(p.numel() for p in model.parameters()) == 485_523
    assert model.encoder(shown[:2]).shape == (2, 1440)
    assert model.reconstruct(shown[:2]).shape == (2, 3, 136, 136)


def test_the_standard_normal_is_no_distance_from_itself():
    assert torch.equal(kl_divergence(torch.zeros(2, 100), torch.zeros(2, 100)), torch.zeros(2))


def test_the_divergence_is_torchs_own():
    mean, log_variance = torch.randn(5, 100), torch.randn(5, 100)
    one = torch.distributions.Normal(mean, (log_variance / 2).exp())
    two = torch.distributions.Normal(torch.zeros(100), torch.ones(100))

    expected = torch.distributions.kl_divergence(one, two).sum(dim=1)

    assert_close(kl_divergence(mean, log_variance), expected)


def test_codes_tell_no_more_than_they_diverge_and_nothing_if_they_are_all_the_same():
    mean, log_variance = torch.randn(50, 100) + 1, torch.randn(50, 100)

    assert 0 < information(mean, log_variance) < kl_divergence(mean, log_variance).mean()
    one = mean[:1].expand(50, 100), log_variance[:1].expand(50, 100)
    assert kl_divergence(*one).mean() > 50
    assert information(*one).abs() < 1e-3


def test_the_loss_is_nats_an_image_and_its_parts_add_up(shown):
    model = small("vae", kl=7.0)
    last = [module for module in model.decoder.modules() if isinstance(module, nn.ConvTranspose2d)][-1]
    nn.init.zeros_(last.weight)
    nn.init.zeros_(last.bias)

    [(optimizer_name, loss, parts)] = model.objectives((shown,))

    assert optimizer_name == "network"
    assert_close(loss, parts["bce"] + 7 * parts["kl"])
    coins = 3 * SIDE * SIDE * math.log(2)  # nats of as many coins as there are pixels: its decoder has learned nothing
    assert parts["bce"].item() == pytest.approx(coins, rel=1e-5)


def test_both_losses_are_reported_by_epoch_and_fall(fitted):
    _, epochs = fitted

    assert all(set(epoch.losses) == {"network", "network/bce", "network/kl"} for epoch in epochs)
    assert epochs[-1].losses["network/bce"] < 0.8 * epochs[0].losses["network/bce"]


def test_two_exports_of_an_image_are_one(fitted, shown):
    model, _ = fitted

    assert torch.equal(model.embed(shown), model.embed(shown))


def test_two_random_images_are_about_one_apart(fitted, shown):
    model, _ = fitted

    vectors = model.embed(shown)

    distances = torch.pdist(vectors)
    assert 0.3 < distances.median() < 3


def test_reconstructions_follow_the_image_and_do_not_change(fitted, shown):
    model, _ = fitted

    with torch.no_grad():
        again, drawn = model.reconstruct(shown), model.reconstruct(shown)

    assert torch.equal(again, drawn)
    assert again.min() >= 0 and again.max() <= 1
    # nearer to its own picture than to one of the other kind
    own, other = (again - shown).square().mean(), (again - shown.roll(1, dims=0)).square().mean()
    assert own < 0.8 * other


def test_samples_are_images_and_follow_their_generator(fitted):
    model, _ = fitted

    one, same, other = (model.sample(3, torch.Generator().manual_seed(seed)) for seed in (1, 1, 2))

    assert one.shape == (3, 3, SIDE, SIDE)
    assert torch.equal(one, same) and not torch.equal(one, other)
    assert one.min() >= 0 and one.max() <= 1


def test_one_colour_costs_what_the_best_of_them_does(shown):
    colour = shown.mean(dim=(0, 2, 3)).requires_grad_()
    drawn = colour[None, :, None, None].expand_as(shown)
    cost = nn.functional.binary_cross_entropy(drawn, shown, reduction="sum") / len(shown)

    [slope] = torch.autograd.grad(cost, colour)

    assert_close(one_colour_cost(shown.mean(dim=(2, 3))) * SIDE**2, cost)
    assert slope.abs().max() < 1e-3 * cost  # no other is better


def test_a_strong_kl_collapses_and_is_named():
    model = small("vae", kl=1000.0, learning_rate=0.005)

    exhaust(fit(model, toy_images(40, SIDE), TrainConfig(epochs=10)))

    assert model.summary()["posterior_collapsed"] == 1
    assert model.summary()["kl"] < 5
    [warning] = model.warnings()
    assert "collapsed" in warning and "now 1000" in warning


def test_a_comparison_names_what_went_wrong(tmp_path, capsys):
    for n in range(24):
        write_toy_image(tmp_path / "images" / f"{n}.jpg", n % 2, n)
    write_table(tmp_path / "styles.csv", ["id", "kind"], [[n, ["disc", "stripes"][n % 2]] for n in range(24)])
    data = ["--train", tmp_path, "--test", tmp_path, "--json", tmp_path / "out.json"]

    given = ["compare", "retrieval", *data, "--methods", "vae", "--epochs", 1]
    assert main([str(word) for word in given]) == 0

    assert "vae: trained too short: a code carries" in capsys.readouterr().out


@pytest.mark.parametrize("kl", [1.0, 1000.0])
def test_a_short_training_is_not_reported_as_collapsed(kl):
    model = small("vae", kl=kl)

    exhaust(fit(model, toy_images(40, SIDE), TrainConfig(epochs=1)))

    assert model.summary()["information"] < 5
    assert model.summary()["posterior_collapsed"] == 0
    [warning] = model.warnings()
    assert "trained too short" in warning and "collapsed" not in warning


def test_a_healthy_posterior_is_no_cause_for_a_warning(fitted):
    model, _ = fitted

    assert model.summary()["posterior_collapsed"] == 0
    assert model.summary()["kl"] > 5
    assert model.warnings() == []


def test_the_order_of_images_changes_from_epoch_to_epoch():
    generator = torch.Generator().manual_seed(0)
    model = Vae(VaeConfig(batch_size=40))
    images = toy_images(40, SIDE)

    one, two = (next(iter(model.batches(images, generator)))[0].to(model.device) for _ in range(2))

    assert isinstance(model.batches(images, generator), ImageBatches)
    assert not torch.equal(one, two)


def test_the_published_reading_draws_the_notebooks_images():
    drawn = draw_published(50_025).tolist()

    assert drawn[:3] == [11841, 19602, 45519] and drawn[-1] == 23333  # as the notebook printed them
    assert len(set(drawn)) == 5000
    assert draw_published(40).tolist() == list(range(40))


def test_the_published_reading_has_its_schedule_and_keeps_pytorchs_first_weights():
    model, images = small("vae", reading="published"), toy_images(40, SIDE)
    torch.manual_seed(0)
    first = [parameter.clone() for parameter in model.encoder.parameters()]

    model.on_fit_start(images, torch.Generator())

    assert model.epochs == 999
    assert all(map(torch.equal, first, model.encoder.parameters()))
    assert model.image_size == Stretched((SIDE, SIDE))
    [one], [again] = (next(iter(model.batches(images, torch.Generator().manual_seed(seed)))) for seed in (0, 1))
    assert torch.equal(one.to("cpu"), again.to("cpu"))


def test_the_published_reading_keeps_the_weights_of_the_least_loss():
    model, images = small("vae", reading="published"), toy_images(40, SIDE)
    epochs = fit(model, images, TrainConfig(epochs=3))
    losses, weights = [], []
    for epoch in epochs:
        losses.append(epoch.losses["network"])
        weights.append(model.mean.weight.detach().clone())
        if epoch.number == 2:  # the third is worse for it
            for parameter in model.decoder.parameters():
                parameter.data.mul_(30)

    assert losses[2] > losses[1]
    assert torch.equal(model.mean.weight, weights[1])


def test_a_published_training_goes_on_where_it_was_stopped(tmp_path):
    images, whole, stopped = toy_images(20, SIDE), small("vae", reading="published"), small("vae", reading="published")
    exhaust(fit(whole, images, TrainConfig(epochs=3)))
    next(fit(stopped, images, TrainConfig(epochs=3), folder=tmp_path))
    resumed = small("vae", reading="published")

    exhaust(fit(resumed, images, TrainConfig(epochs=3), folder=tmp_path))

    assert all(map(torch.equal, whole.state_dict().values(), resumed.state_dict().values()))
