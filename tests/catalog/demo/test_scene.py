import numpy as np
import pytest

from catalog.demo.plan import plan_catalog
from catalog.demo.scene import build_scene


@pytest.fixture(scope="module")
def planned():
    return plan_catalog(200)


def scene_of(product, seed: int = 0):
    return build_scene(product, np.random.default_rng(seed))


def test_the_surfaces_are_those_that_the_attributes_name(planned):
    for product in planned:
        scene = scene_of(product)
        assert scene.body.material == scene.plain.material == product.attributes["material"]
        assert (scene.body.pattern is None) == (product.attributes["pattern"] == "plain")
        assert scene.plain.pattern is None


def test_the_same_seed_builds_the_same_surfaces(planned):
    first, same, other = scene_of(planned[0]), scene_of(planned[0]), scene_of(planned[0], seed=1)

    assert np.array_equal(first.body.colour, same.body.colour)
    assert not np.array_equal(first.body.colour, other.body.colour)


def test_a_number_is_sampled_from_the_range_of_the_attribute_s_value(planned):
    scene = scene_of(next(product for product in planned if product.attributes.get("shaft") == "over-knee"))

    assert 5 <= scene.sample("shaft", calf=(0, 1), knee=(2, 3), overknee=(5, 6)) <= 6
    assert 2 <= scene.uniform(2, 3) <= 3
