import torch
from torch.testing import assert_close

from tests.ml.worlds import toy_images, trained


def test_light_on_dark_is_the_same_shape_as_dark_on_light():
    model = trained("hog")
    images = toy_images(12).batch(range(12))

    with torch.inference_mode():
        assert_close(model.embed(1 - images), model.embed(images), rtol=0, atol=1e-3)


def test_the_components_keep_most_of_the_variance():
    model = trained("hog", dimensions=8)

    assert model.dimensions == 8
    assert 0.3 < model.summary()["explained_variance"] < trained("hog").summary()["explained_variance"] < 1.0001
