import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch.distributions import Normal, kl_divergence
from torch.testing import assert_close

from ml.contract import unit
from ml.data.decoding import Stretched
from ml.data.images import ImageArray
from ml.errors import BadSetting
from ml.models.age import sphere_kl
from ml.models.factory import create
from ml.nn.networks import freeze
from ml.training import checkpoints
from ml.training.loop import TrainConfig, fit
from tests.ml.worlds import data_for, exhaust, small, toy_images, trained


def even(batches: int, nz: int) -> torch.Tensor:
    """(batches, 64, nz) codes drawn evenly from the sphere."""
    return F.normalize(torch.randn(batches, 64, nz, generator=torch.Generator().manual_seed(0)), dim=2)


def losses(model, x: torch.Tensor) -> list[tuple[str, torch.Tensor]]:
    """The losses of all optimizers before any of them steps."""
    torch.manual_seed(0)
    return [(optimizer_name, loss) for optimizer_name, loss, *_ in model.objectives((x,))]


@pytest.mark.parametrize(("side", "encoder", "generator"), [("32", 1_183_616, 3_934_595), ("64", 3_281_728, 3_281_792)])
def test_the_networks_have_the_papers_parameters(side, encoder, generator):
    model = create("age", image_size=side)

    assert sum(p.numel() for p in model.encoder.parameters()) == encoder
    assert sum(p.numel() for p in model.generator.parameters()) == generator


@pytest.mark.parametrize(("side", "nz"), [("32", 128), ("64", 64)])
def test_codes_lie_on_the_sphere_and_images_keep_their_size(side, nz):
    model = create("age", image_size=side, width="8").eval()
    images = toy_images(6, int(side)).batch(range(6))

    codes, back = model.embed(images), model.reconstruct(images)

    assert codes.shape == (6, nz)
    assert_close(codes.norm(dim=1), torch.ones(6), rtol=0, atol=1e-6)
    assert back.shape == images.shape
    assert 0 <= back.min() < back.max() <= 1


@pytest.mark.parametrize(
    ("nz", "authors", "expected"), [(128, False, 1.946), (64, False, 1.603), (128, True, 4.383), (64, True, 3.690)]
)
def test_even_codes_have_the_least_divergence_there_is(nz, authors, expected):
    codes = even(50, nz)

    measured = torch.stack([sphere_kl(batch, authors) for batch in codes])
    in_a_cap = sphere_kl(F.normalize(codes[0] + 0.1, dim=1), authors)

    assert_close(measured.mean().item(), expected, rtol=0, atol=0.005)
    assert in_a_cap > measured.max() + 0.02


def test_the_divergence_is_that_of_normal_distributions():
    codes = even(1, 128)[0]
    mean, deviation = codes.mean(dim=0), codes.std(dim=0, correction=0)
    standard = Normal(0.0, 1.0)

    assert_close(sphere_kl(codes), kl_divergence(Normal(mean, deviation), standard).mean())
    assert_close(sphere_kl(codes, authors=True), kl_divergence(Normal(mean, deviation**2), standard).mean())


@pytest.mark.parametrize("kl", ["corrected", "authors"])
def test_the_losses_are_the_papers(kl):
    model, x = small("age", kl=kl), data_for("age").batch(range(20))
    torch.manual_seed(0)
    made = model.generator(unit(torch.randn(20, 128)))
    codes = model.encoder(x)
    missed = ((2 * model.generator(codes) - 1) - (2 * x - 1)).abs().mean()
    expected = [sphere_kl(codes, kl == "authors") - sphere_kl(model.encoder(made), kl == "authors") + 10 * missed]
    for _ in range(2):
        z = unit(torch.randn(20, 128))
        again = model.encoder(model.generator(z))
        cosine = F.cosine_similarity(again, z).mean()
        expected.append(sphere_kl(again, kl == "authors") + 1000 * (2 - cosine / 128))

    optimizers, found = zip(*losses(model, x), strict=True)

    assert optimizers == ("encoder", "generator", "generator")
    assert_close(torch.stack(found), torch.stack(expected))
    assert found[1] != found[2]  # a fresh z each time


def test_at_64_pixels_the_generator_moves_three_times():
    model = small("age", image_size="64")

    optimizers = [optimizer_name for optimizer_name, _ in losses(model, toy_images(4).batch(range(4)))]

    assert optimizers == ["encoder", "generator", "generator", "generator"]


def test_one_networks_loss_leaves_no_gradient_in_the_other():
    model = small("age")
    (_, of_encoder), (_, of_generator), _ = losses(model, data_for("age").batch(range(20)))

    of_encoder.backward()
    assert all(p.grad is None for p in model.generator.parameters())
    assert all(p.grad.abs().sum() > 0 for p in model.encoder.parameters())

    model.zero_grad()
    of_generator.backward()
    assert all(p.grad is None for p in model.encoder.parameters())
    assert all(p.grad.abs().sum() > 0 for p in model.generator.parameters())


def test_what_is_frozen_passes_gradients_on_and_thaws():
    layer, x = torch.nn.Linear(2, 1), torch.ones(1, 2, requires_grad=True)

    with freeze(layer):
        y = layer(x)
    y.sum().backward()

    assert_close(x.grad, layer.weight.detach())
    assert layer.weight.grad is None
    assert layer.weight.requires_grad


def test_rates_halve_where_the_authors_halve_them():
    cifar = create("age", width=1)
    celeba = create("age", width=1, image_size="64")

    rates = [cifar.lr_factor((epoch + 0.5) / 150) for epoch in range(150)]

    assert [epoch for epoch in range(1, 150) if rates[epoch] != rates[epoch - 1]] == [39, 79, 119]
    assert (rates[0], rates[-1]) == (1, 1 / 8)
    assert [celeba.lr_factor((epoch + 0.5) / 5) for epoch in range(5)] == [1, 1, 1, 1, 0.5]


def test_it_learns_to_reconstruct_images():
    early, late = (small("age", image_size="64", learning_rate=0.005) for _ in range(2))

    exhaust(fit(early, toy_images(40), TrainConfig(epochs=1)))
    exhaust(fit(late, toy_images(40), TrainConfig(epochs=15)))

    assert late.summary()["reconstruction_error"] < 0.9 * early.summary()["reconstruction_error"]
    assert late.summary()["kl_made"] < 0.6 * early.summary()["kl_made"]
    assert late.summary()["kl_real_authors"] > late.summary()["kl_real"]


def test_the_norms_of_a_trained_encoder_are_those_of_real_images_alone():
    model, images = trained("age", batch_size=40), data_for("age").batch(range(40))

    with torch.no_grad():
        settled, by_themselves = model.embed(images), model.train().embed(images)

    # Running variances are divided by one less than a batch's own.
    assert_close(settled, by_themselves, rtol=0, atol=1e-3)


def test_samples_follow_their_generator_and_nothing_else():
    model = trained("age")

    with torch.no_grad():
        one, same, other = (model.sample(3, torch.Generator().manual_seed(seed)) for seed in (1, 1, 2))

    assert one.shape == (3, 3, 32, 32)
    assert 0 <= one.min() < one.max() <= 1
    assert torch.equal(one, same)
    assert not torch.allclose(one, other)


def test_the_summary_is_saved_with_the_model(tmp_path):
    model = trained("age")

    checkpoints.save(model, tmp_path)

    assert checkpoints.load(tmp_path).summary() == model.summary()
    assert all(value > 0 for value in model.summary().values())


def test_images_all_alike_do_not_stop_the_training():
    model = small("age")

    exhaust(fit(model, ImageArray(np.full((20, 32, 32, 3), 200, dtype=np.uint8)), TrainConfig(epochs=2)))

    assert all(tensor.isfinite().all() for tensor in model.state_dict().values())


def test_a_small_catalogue_is_trained_for_more_epochs():
    few, many = small("age"), small("age")

    few.on_fit_start(toy_images(40, 32), torch.Generator())
    many.on_fit_start(ImageArray(np.empty((30_000, 1, 1, 3), dtype=np.uint8)), torch.Generator())

    assert (few.epochs, many.epochs) == (450, 1)


def test_another_size_is_refused():
    with pytest.raises(BadSetting, match="image_size is '28'; it takes one of: 32, 64"):
        create("age", image_size="28")


@pytest.mark.parametrize(("side", "epochs"), [("32", 150), ("64", 6)])
def test_the_published_reading_has_the_authors_schedule_and_formula(side, epochs):
    model = small("age", reading="published", image_size=side)

    model.on_fit_start(toy_images(4, int(side)), torch.Generator())

    assert (model.epochs, model.config.kl, model.image_size) == (epochs, "authors", Stretched((int(side),) * 2))
    assert small("age", reading="published", kl="corrected").config.kl == "corrected"


def test_after_five_epochs_of_faces_comes_one_with_larger_batches_and_more_weight_on_the_image():
    model, images = create("age", reading="published", image_size="64", width=8), toy_images(300, 64)
    sizes = []
    for _ in range(6):
        batches = model.batches(images, torch.Generator().manual_seed(0))
        sizes.append(batches.size)
        torch.manual_seed(0)
        _, loss, parts = next(model.objectives((images.batch(range(8)),)))
        weight = (loss - parts["kl_real"] + parts["kl_made"]) / parts["missed"]
        assert weight.item() == pytest.approx(15 if len(sizes) == 6 else 10, rel=1e-3)

    assert sizes == [64] * 5 + [256]
