import numpy as np
import pytest

from catalog.demo.drawing import draw
from catalog.demo.families import FAMILIES
from catalog.demo.plan import plan_catalog

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def planned():
    return plan_catalog(56)


@pytest.fixture(scope="module")
def images(planned):
    return [draw(product) for product in planned]


def test_same_product_and_seed_give_the_same_pixels(planned, images):
    assert draw(planned[7]).tobytes() == images[7].tobytes()
    assert draw(planned[7], seed=1).tobytes() != images[7].tobytes()


def test_no_two_pictures_are_alike(images):
    assert len({image.tobytes() for image in images}) == len(images)


def test_background_is_white_and_the_product_in_the_middle(images):
    for image in images:
        pixels = np.asarray(image)
        assert pixels.shape == (160, 160, 3)
        assert pixels[[0, 0, -1, -1], [0, -1, 0, -1]].min() >= 250
        ink = (pixels.min(axis=2) < 225).mean()
        assert 0.04 < ink < 0.75
        columns = np.flatnonzero((pixels.min(axis=2) < 200).any(axis=0))
        assert abs((columns[0] + columns[-1]) / 2 - 79.5) < 12


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.category)
def test_each_word_of_each_trait_can_be_drawn(family):
    product = next(p for p in plan_catalog(56) if p.category == family.category)
    for trait, words in family.traits.items():
        drawn = {
            draw(type(product)(product.sku, "", product.category, product.price, product.attributes | {trait: word}))
            .resize((40, 40))
            .tobytes()
            for word in words
        }
        assert len(drawn) == len(words), trait


def test_colour_of_the_label_is_the_colour_of_the_picture():
    product = next(p for p in plan_catalog(200) if p.category == "tops" and p.attributes["pattern"] == "plain")
    for colour, channel in (("red", 0), ("blue", 2)):
        attributes = product.attributes | {"colour": colour, "accent": colour}
        pixels = np.asarray(draw(type(product)(product.sku, "", "tops", product.price, attributes)), dtype=float)
        middle = pixels[60:100, 60:100].mean(axis=(0, 1))
        assert middle.argmax() == channel
        assert middle.max() - middle.min() > 60
