import torch
from torch.testing import assert_close

from ml.models.factory import create
from ml.training.loop import fit
from tests.ml.worlds import exhaust, toy_images, trained


def test_the_image_size_and_the_length_of_a_vector_are_settings():
    model = create("pixels", image_size=8, dimensions=16)

    exhaust(fit(model, toy_images(40, 8)))

    assert (model.image_size, model.dimensions) == ((8, 8), 16)
    assert model.embed(toy_images(3, 8).batch(range(3))).shape == (3, 16)


def test_without_whitening_distances_are_those_of_the_centred_pixels():
    images = toy_images(20, 8)
    model = create("pixels", image_size=8, dimensions=64, whitening=0)
    exhaust(fit(model, images))

    pixels = images.batch(range(20)).flatten(1)
    centred = pixels - pixels.mean(dim=0)

    expected = torch.nn.functional.cosine_similarity(centred[:, None], centred[None], dim=2)
    vectors = model.embed(images.batch(range(20)))
    assert_close(vectors @ vectors.T, expected, rtol=0, atol=1e-3)


def test_the_share_of_the_variance_that_is_kept_is_reported():
    assert 0.9 < trained("pixels").summary()["explained_variance"] <= 1.0001
