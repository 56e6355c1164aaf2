import math

import pytest
import torch
from torch import nn
from torch.testing import assert_close

from ml.contract import typical_distance
from ml.models.factory import create
from ml.training.loop import TrainConfig, fit
from tests.ml.worlds import data_for, exhaust, small, toy_images, trained, vectors_of


def parameters_of(*modules):
    return sum(parameter.numel() for module in modules for parameter in module.parameters())


def seeded_generator():
    return torch.Generator().manual_seed(0)


@pytest.mark.parametrize(
    ("size", "features", "discriminator", "generator"),
    [("64x96", 1536, 444_313, 1_065_395), ("128x128", 4096, 467_353, 2_181_555)],
)
def test_both_readings_have_the_sheets_shapes(size, features, discriminator, generator):
    model = create("infogan", image_size=size).eval()

    made = model.sample(2, seeded_generator())

    assert made.shape == (2, 3, *model.image_size)
    assert made.min() >= 0 and made.max() <= 1
    assert model.trunk(made).shape == (2, features)
    assert parameters_of(model.trunk, model.critic, model.reader) == discriminator
    assert parameters_of(model.generator) == generator


@pytest.mark.parametrize(
    ("given", "dimensions"),
    [
        ({}, 1536),
        ({"feature": "trunk"}, 1536),
        ({"feature": "pooled"}, 384),
        ({"image_size": "128x128"}, 1024),
    ],
)
def test_no_vector_is_too_long_for_an_index(given, dimensions):
    model = create("infogan", **given).eval()

    with torch.inference_mode():
        vectors = model.embed(torch.rand(2, 3, *model.image_size, generator=seeded_generator()))

    assert vectors.shape == (2, dimensions) and model.dimensions == dimensions


def test_pooled_is_the_trunk_in_fewer_numbers():
    torch.manual_seed(0)
    trunk, pooled = create("infogan").eval(), create("infogan", feature="pooled").eval()
    pooled.load_state_dict(trunk.state_dict())
    image = toy_images(1, trunk.image_size).batch([0])

    with torch.inference_mode():
        whole, part = trunk.embed(image).view(16, 8, 12), pooled.embed(image).view(16, 4, 6)

    assert_close(part[3, 0, 5], whole[3, :2, 10:].mean())


@pytest.mark.parametrize(("reading", "off"), [("kept", 0.4), ("dropped", 0.6)])
def test_dropout_is_where_the_table_has_it_and_never_after_the_tanh(reading, off):
    model = create("infogan", dropout=reading)

    assert [m.p for m in model.trunk if isinstance(m, nn.Dropout)] == [0.5] * 5
    assert [m.p for m in model.generator if isinstance(m, nn.Dropout)] == [off] * 5
    assert isinstance(model.generator[-1], nn.Tanh)
    assert isinstance(model.trunk[1], nn.LeakyReLU)  # the first layer has no norm, nor has the last of G
    assert isinstance(model.generator[-2], nn.ConvTranspose2d)


def test_dropout_keeps_its_share_and_the_mean():
    torch.manual_seed(0)
    dropout = next(m for m in create("infogan").generator if isinstance(m, nn.Dropout))

    dropped = dropout(torch.ones(100_000))

    assert (dropped > 0).float().mean() == pytest.approx(0.6, abs=0.01)
    assert dropped.mean() == pytest.approx(1, abs=0.02)
    assert torch.equal(dropout.eval()(torch.ones(8)), torch.ones(8))


def test_each_optimizer_updates_its_own_part_and_both_learn_the_code():
    model = small("infogan").train()
    optimizers = model.optimizers()
    steps = model.objectives((torch.rand(4, 3, 64, 96, generator=seeded_generator()),))

    optimizer_name, loss, parts = next(steps)
    loss.backward()
    assert optimizer_name == "discriminator"
    assert_close(loss, parts["real"] + parts["made"] + parts["code"])
    assert all(parameter.grad is None for parameter in model.generator.parameters())
    assert model.reader.weight.grad.any() and model.critic.weight.grad.any()

    model.zero_grad()
    before = [parameter.clone() for parameter in (*model.trunk.parameters(), *model.reader.parameters())]
    optimizer_name, loss, parts = next(steps)
    parts["code"].backward(retain_graph=True)
    assert optimizer_name == "generator"
    assert all(parameter.grad is not None for parameter in model.generator.parameters())
    loss.backward()
    optimizers["generator"].step()
    after = [*model.trunk.parameters(), *model.reader.parameters()]
    assert all(torch.equal(one, other) for one, other in zip(before, after, strict=True))


@pytest.mark.parametrize(("law", "ignorant"), [("continuous", 4 / 3), ("categorical", math.log(8))])
def test_the_code_loss_is_nothing_for_who_reads_the_code_and_known_for_who_guesses(law, ignorant):
    model = create("infogan", codes=law)
    latent, codes = model.draw(20_000, seeded_generator())
    perfect = codes.atanh() if law == "continuous" else 50 * codes

    assert latent.shape == (20_000, 108)
    assert torch.equal(latent[:, 100:], codes)
    assert model.code_loss(perfect, codes) == pytest.approx(0, abs=1e-6)
    assert model.code_loss(torch.zeros(20_000, 8), codes) == pytest.approx(ignorant, abs=0.02)


@pytest.mark.parametrize("law", ["continuous", "categorical"])
def test_the_losses_of_all_three_are_reported_by_epoch(law):
    epoch, *_ = exhaust(fit(small("infogan", codes=law), data_for("infogan", count=16), TrainConfig(epochs=1)))

    assert set(epoch.losses) == {
        *("discriminator", "discriminator/real", "discriminator/made", "discriminator/code"),
        *("generator", "generator/fooling", "generator/code"),
    }


def test_two_random_images_are_one_apart():
    vectors = vectors_of(trained("infogan"))

    assert typical_distance(vectors[torch.randperm(40, generator=seeded_generator())]) == pytest.approx(1, rel=0.3)


def test_the_norms_of_a_trained_model_are_those_of_real_images_without_dropout():
    model = trained("infogan")
    images = 2 * toy_images(40, model.image_size).batch(range(40)) - 1

    with torch.inference_mode():
        outputs = model.trunk[:4](images)  # what comes to the first norm

    assert_close(model.trunk[4].running_mean, outputs.mean(dim=(0, 2, 3)), atol=1e-4, rtol=0)
    assert_close(model.trunk[4].running_var, outputs.var(dim=(0, 2, 3)), atol=0, rtol=0.1)


def test_the_published_reading_goes_to_the_end_of_the_papers_range():
    model = create("infogan", reading="published")

    model.on_fit_start(toy_images(640, (8, 8)), torch.Generator())

    assert model.epochs * 640 == 2500 * 128
