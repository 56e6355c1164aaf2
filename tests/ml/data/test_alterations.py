import numpy as np
import pytest
from PIL import Image, ImageDraw

from ml.data import alterations
from ml.data.alterations import ALTERATIONS, NOT_PRODUCTS


def product() -> Image.Image:
    image = Image.new("RGB", (120, 160), "white")
    ImageDraw.Draw(image).rectangle((30, 40, 90, 120), fill=(180, 40, 60))
    return image


@pytest.mark.parametrize("name", ALTERATIONS)
def test_an_altered_picture_is_another_one_and_the_same_each_time(name):
    first, again, other = (ALTERATIONS[name](product(), np.random.default_rng(seed)) for seed in (1, 1, 2))

    assert first.mode == "RGB"
    assert first.tobytes() == again.tobytes() != other.tobytes()
    assert first.size != (120, 160) or first.tobytes() != product().tobytes()


def test_pictures_are_altered_by_turns():
    number = list(ALTERATIONS).index("plain ground")

    altered = alterations.alter(product(), number)

    assert altered.tobytes() == alterations.alter(product(), number).tobytes()
    assert altered.size == (144, 192)  # laid on other ground
    assert alterations.alter(product(), number + len(ALTERATIONS)).tobytes() != altered.tobytes()


def test_on_other_ground_the_product_stays_as_it_is():
    scene = np.asarray(ALTERATIONS["plain ground"](product(), np.random.default_rng(3)), dtype=int)

    assert np.abs(scene[96, 72] - (180, 40, 60)).max() <= 2
    assert (np.abs(scene[3, 3] - 255) > 10).any()


@pytest.mark.parametrize("number", range(len(NOT_PRODUCTS)))
def test_a_picture_of_no_product_is_the_same_each_time(number):
    picture = alterations.no_product(number)

    assert (picture.mode, picture.size) == ("RGB", (400, 400))
    assert picture.tobytes() == alterations.no_product(number).tobytes()
    assert picture.tobytes() != alterations.no_product(number + len(NOT_PRODUCTS)).tobytes()
