import copy

import numpy as np
import pytest
import torch
from torch.testing import assert_close

from ml.data.batching import load
from ml.data.labelled_images import LabelledImages
from ml.models.factory import create
from ml.nn.gan import PublishedDiscriminator
from ml.training import checkpoints
from ml.training.loop import TrainConfig, fit
from tests.ml.worlds import exhaust, small, toy_images, toy_labelled_images, trained

RECIPES = ("stable", "published")


@pytest.fixture(scope="module")
def stable():
    return trained("lsgan")


def parameters_of(module):
    return sum(parameter.numel() for parameter in module.parameters())


def published(categories=6):
    model = create("lsgan", recipe="published")
    model.allocate(categories)
    return model


def test_the_published_reading_is_the_recipe_of_that_name():
    assert create("lsgan", reading="published").config.recipe == "published"
    assert create("lsgan").config.recipe == "stable"


def test_the_published_networks_have_the_published_sizes():
    model = published()
    z, y = torch.randn(2, 256), torch.eye(6)[:2]

    assert parameters_of(model.generator) == 3_811_075
    assert parameters_of(model.discriminator) == 4_460_545
    sides, x = [], torch.cat([z, y], dim=1)
    for layer in model.generator:
        x = layer(x)
        sides.append(tuple(x.shape[1:]))
    assert sides[-1] == (3, 64, 64)
    assert list(dict.fromkeys(sides))[2:-1] == [(256, 8, 8), (256, 16, 16), (128, 32, 32), (64, 64, 64)]


def test_another_number_of_categories_changes_what_reads_them_alone():
    six, fourteen = published(), published(14)

    more = 8  # a row of the first layer each; in D five by five weights of each of four layers' filters
    assert parameters_of(fourteen.generator) - parameters_of(six.generator) == more * 4096
    assert parameters_of(fourteen.discriminator) - parameters_of(six.discriminator) == more * 25 * (
        64 + 128 + 256 + 512
    )


def test_the_published_discriminator_pads_as_tensorflow_does_and_is_not_bounded():
    network = PublishedDiscriminator(1, 4).eval()
    first = network.layers[0][:2]
    torch.nn.init.ones_(first[1].weight)
    torch.nn.init.zeros_(first[1].bias)
    x = torch.zeros(1, 4, 64, 64)
    x[0, 0, 0, 0], x[0, 0, 63, 63] = 1, 1

    outputs = first(x)

    # SAME has one row before and two after: the corner is in the first window only, the last in the last two.
    assert outputs.shape == (1, 4, 32, 32)
    assert outputs[0, 0, :3, :3].count_nonzero() == 1 and outputs[0, 0, -3:, -3:].count_nonzero() == 4
    assert isinstance(network.last, torch.nn.Linear)  # and nothing after it


@pytest.mark.parametrize("recipe", RECIPES)
def test_one_step_of_each_network_with_the_same_latents(recipe):
    model = small("lsgan", recipe=recipe)
    data = toy_labelled_images()
    model.on_fit_start(data, torch.Generator())
    model.train()
    images, category = load(next(iter(model.batches(data, torch.Generator().manual_seed(0)))), model.device)
    drawn = []
    model.generator[0].register_forward_hook(lambda _, inputs, __: drawn.append(inputs[0][:, :256]))

    optimizers = []
    for optimizer_name, loss, *_ in model.objectives((images, category)):
        model.zero_grad()
        loss.backward()
        other = model.generator if optimizer_name == "discriminator" else model.discriminator
        assert all(parameter.grad is None or not parameter.grad.any() for parameter in other.parameters())
        optimizers.append(optimizer_name)

    assert optimizers == ["discriminator", "generator"]
    assert len({batch.sum().item() for batch in drawn}) == 1
    assert all(parameter.requires_grad for parameter in model.discriminator.parameters())


def test_the_losses_are_least_squares_with_targets_of_one_and_nought():
    model = published(2).train()
    images, category = toy_images(16).batch(range(16)), torch.arange(16) % 2

    torch.manual_seed(0)
    (_, d_loss, _), (_, g_loss) = list(model.objectives((images, category)))
    torch.manual_seed(0)
    y = torch.eye(2)[category]
    with torch.no_grad():
        made = model.generator(torch.cat([torch.randn(16, 256), y], dim=1))
        real, unreal = model.discriminator(2 * images - 1, y), model.discriminator(made, y)

    assert_close(d_loss, 0.5 * ((real - 1) ** 2).mean() + 0.5 * (unreal**2).mean(), atol=1e-4, rtol=1e-4)
    assert_close(g_loss, ((unreal - 1) ** 2).mean(), atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("recipe", RECIPES)
def test_an_image_is_the_same_alone_as_in_a_batch(recipe):
    model = trained("lsgan", recipe=recipe)
    z, category = torch.randn(6, 256, generator=torch.Generator().manual_seed(0)), torch.arange(6) % 2

    with torch.inference_mode():
        together, alone = model.generate(z, category), model.generate(z[4:5], category[4:5])
        judged, judged_alone = model.realism(together, category), model.realism(alone, category[4:5])

    assert together.shape == (6, 3, 64, 64)
    assert together.min() >= 0 and together.max() <= 1
    assert_close(alone[0], together[4], atol=1e-4, rtol=1e-4)
    assert_close(judged_alone[0], judged[4], atol=1e-3, rtol=1e-3)


def test_a_sample_has_a_row_a_category_of_the_same_latents(stable):
    once, again = (stable.sample(3, torch.Generator().manual_seed(7)) for _ in range(2))

    assert once.shape == (6, 3, 64, 64)
    assert torch.equal(once, again)
    z = torch.randn(3, 256, generator=torch.Generator().manual_seed(7))
    with torch.inference_mode():
        assert_close(once[4], stable.generate(z[1:2], torch.tensor([1]))[0], atol=1e-4, rtol=1e-4)


def plain(colours, count=64):
    """Pictures of one colour each, of as many categories as there are colours, lighter and darker."""
    light = np.random.default_rng(0).uniform(0.5, 1, size=count)
    which = np.arange(count) % len(colours)
    pixels = (np.array(colours)[which] * light[:, None]).astype(np.uint8)[:, None, None].repeat(64, 1).repeat(64, 2)
    return LabelledImages(type(toy_images(1))(pixels), which, tuple(f"colour {n}" for n in range(len(colours))))


def test_each_category_learns_its_own_images():
    data = plain([(240, 40, 40), (40, 40, 240)])
    model = small("lsgan", batch_size=16)

    exhaust(fit(model, data, TrainConfig(epochs=25)))

    red, blue = model.sample(16, torch.Generator().manual_seed(0)).split(16)
    assert (red[:, 0] - red[:, 2]).mean() > 0.2
    assert (blue[:, 2] - blue[:, 0]).mean() > 0.2


def test_a_generator_that_always_makes_the_same_is_reported_by_category(stable):
    model = copy.deepcopy(stable)
    for parameter in model.average[0].parameters():
        torch.nn.init.zeros_(parameter)

    model.on_fit_end(toy_labelled_images(), torch.Generator().manual_seed(0))

    assert model.summary()["repeated"] == 1
    assert model.summary()["diversity"] == pytest.approx(0, abs=1e-3)
    discs, stripes = model.warnings()
    assert discs.startswith("discs: collapsed: 100% of designs are the same as another; designs are 0.00 diverse")
    assert stripes.startswith("stripes: ")


def test_the_evaluation_of_a_training_is_saved_with_the_model(stable, tmp_path):
    checkpoints.save(stable, tmp_path)
    loaded = checkpoints.load(tmp_path)

    assert loaded.summary() == stable.summary()
    assert set(stable.summary()) == {"diversity of real", "diversity", "repeated", "realism of real", "realism"}


def test_sixty_four_images_are_enough_to_find_that_products_differ(stable):
    assert stable.summary()["diversity of real"] == pytest.approx(0.64, abs=0.05)


def test_every_product_has_a_latent_near_which_it_is_made(stable):
    images, category = toy_labelled_images().images.batch(range(40)), torch.arange(40) % 2

    with torch.inference_mode():
        rebuilt = stable.generate(stable.encode(images, category), category)
        other = stable.generate(stable.encode(images, category).roll(2, dims=0), category)

    missed, by_chance = ((toy_images - images).abs().mean() for toy_images in (rebuilt, other))
    assert missed < by_chance


def test_what_was_learned_is_within_reach_and_what_was_not_is_beyond(stable, tmp_path):
    with torch.inference_mode():
        images, category = toy_labelled_images().images.batch(range(40)), torch.arange(40) % 2
        missed = (stable.generate(stable.encode(images, category), category) - images).abs().mean(dim=(1, 2, 3))

    limits = [stable.limit(0), stable.limit(1)]

    assert limits == pytest.approx([min(0.08, missed[category == which].max().item()) for which in (0, 1)], abs=0.02)
    checkpoints.save(stable, tmp_path)
    assert [checkpoints.load(tmp_path).limit(which) for which in (0, 1)] == limits
    stable = copy.deepcopy(stable)
    stable.farthest[1] = 0.03
    assert stable.limit(1) == pytest.approx(0.03)


def test_the_discriminator_rests_while_the_generator_learns_alone():
    model = small("lsgan", alone=0.5)

    first, *_, last = exhaust(fit(model, toy_labelled_images(), TrainConfig(epochs=4)))

    assert "discriminator" not in first.losses and {"generator/missed", "generator/kl"} < set(first.losses)
    assert "discriminator" in last.losses and "generator/fooling" in last.losses


def test_published_has_no_encoder_and_constant_learning_rates():
    model = small("lsgan", recipe="published")

    assert model.encode(torch.rand(1, 3, 64, 64), torch.tensor([0])) is None
    assert [model.lr_factor(done) for done in (0, 0.5, 1)] == [1, 1, 1]
    for optimizer in model.optimizers().values():
        (group,) = optimizer.param_groups
        assert (group["lr"], group["betas"]) == (1e-4, (0.5, 0.99))


def test_designs_that_differ_less_than_products_are_reported(stable):
    model = copy.deepcopy(stable)
    model.judged[:] = torch.tensor([[0.6, 0.2, 0.0, 1.0, 0.5], [0.6, 0.4, 0.1, 1.0, 0.5]])

    assert model.warnings() == ["discs: little variety: designs are 0.20 diverse (1 - SSIM) where products are 0.60"]


def test_the_floor_lies_between_products_and_what_is_generated_at_random(stable):
    for category in range(stable.categories):
        real, random = stable.judged[category, 3:].tolist()
        assert stable.floor(category) == pytest.approx((real + random) / 2)
