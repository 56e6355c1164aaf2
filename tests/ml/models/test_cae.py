import pytest
import torch
from torch.testing import assert_close

from ml.training.loop import TrainConfig, fit
from tests.ml.worlds import exhaust, small, toy_images

SIDE = 224


@pytest.fixture(scope="module")
def images():
    return toy_images(16, SIDE)


@pytest.fixture(scope="module")
def shown(images):
    return images.batch(range(16))


@pytest.fixture(scope="module", params=["corrected", "published"])
def fitted(request, images):
    """Each reading after a short training, and the reports of its epochs."""
    model = small("cae", reading=request.param, batch_size=4)
    return model, exhaust(fit(model, images, TrainConfig(epochs=5)))


def test_it_has_the_published_size(shown):
    model = small("cae")

    codes = model.code(shown[:2])

    assert (model.dimensions, codes.shape) == (147, (2, 147))
    assert model.encoder[:-2](2 * shown[:2] - 1).shape == (2, 1600)
    assert model.decode(codes).shape == (2, 3, 224, 224)
    assert sum(p.numel() for p in model.encoder.parameters()) == 305_107
    assert sum(p.numel() for p in model.decoder.parameters()) == 71_875
    statistics = [b for name, b in model.decoder.named_buffers() if "running" in name]
    assert sum(b.numel() for b in statistics) == 384


def test_as_published_the_code_is_a_distribution_and_all_codes_are_much_the_same(shown):
    model = small("cae", reading="published")

    codes = model.code(shown)

    assert codes.min() >= 0
    assert_close(codes.sum(dim=1), torch.ones(16))
    assert codes.std(dim=0).max() < 0.01


def test_corrected_the_code_has_both_signs(shown):
    assert (small("cae").code(shown) < 0).any()


@pytest.mark.parametrize(("reading", "least"), [("corrected", -1), ("published", 0)])
def test_as_published_the_decoder_cannot_reach_the_darker_half(reading, least):
    model = small("cae", reading=reading).eval()

    with torch.no_grad():
        out = model.decode(1e4 * torch.randn(8, 147))

    assert out.max() > 0.9
    assert out.min().item() == pytest.approx(least, abs=0.1)


def test_the_loss_falls(fitted):
    _, epochs = fitted

    assert epochs[-1].losses["network"] < epochs[0].losses["network"]


def test_the_target_is_the_image_from_minus_one_to_one(shown):
    model = small("cae").eval()
    model.decoder[-1].weight.data.zero_()
    model.decoder[-1].bias.data.zero_()  # so that it always answers 0, a middling grey

    [(optimizer_name, loss)] = model.objectives((shown,))

    assert optimizer_name == "network"
    assert_close(loss, (2 * shown - 1).square().mean())


def test_every_image_is_in_an_epoch():
    ramp = toy_images(12, SIDE)
    model = small("cae", batch_size=4)

    shown = torch.cat([images.to(model.device) for (images,) in model.batches(ramp, torch.Generator().manual_seed(0))])

    assert {round(p.double().sum().item(), 3) for p in shown} == {
        round(p.double().sum().item(), 3) for p in ramp.batch(range(12))
    }


def test_two_random_images_are_about_one_apart(fitted, shown):
    model, _ = fitted

    with torch.no_grad():
        distances = torch.pdist(model.embed(shown))

    assert distances.min() < 1 < distances.max()


def test_reconstructions_are_images(fitted, shown):
    model, _ = fitted

    with torch.no_grad():
        again = model.reconstruct(shown)

    assert again.shape == shown.shape
    assert again.min() >= 0 and again.max() <= 1
