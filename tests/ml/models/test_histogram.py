from torch.testing import assert_close

from ml.models.factory import create
from ml.nn.descriptors import HISTOGRAM
from tests.ml.worlds import toy_images


def test_where_colours_are_makes_no_difference():
    model, images = create("histogram"), toy_images(12).batch(range(12))

    assert_close(model.embed(images.flip(2)), model.embed(images), rtol=0, atol=1e-4)
    assert_close(model.embed(images.transpose(2, 3)), model.embed(images), rtol=0, atol=1e-4)


def test_images_of_one_colour_have_a_cosine_near_1_and_of_two_near_0():
    model = create("histogram")
    vectors = model.embed(toy_images(4).batch(range(4)))  # red, blue, red, blue

    cosines = vectors @ vectors.T

    assert vectors.shape == (4, HISTOGRAM)
    assert cosines[0, 2] > 0.7 and cosines[1, 3] > 0.7
    assert cosines[0, 1] < 0.3


def test_nothing_is_trained():
    assert create("histogram").optimizers() == {}
    assert create("histogram").state_dict() == {}
