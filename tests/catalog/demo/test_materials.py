import numpy as np
import pytest

from catalog.demo.families import FAMILIES
from catalog.demo.materials import MATERIALS

Y, X = np.mgrid[0:60, 0:80].astype(np.float32)


def test_every_material_of_the_shop_is_known():
    assert {name for family in FAMILIES for name in family.materials} <= set(MATERIALS)


@pytest.mark.parametrize("name", [name for name, material in MATERIALS.items() if material.texture])
def test_a_texture_is_uneven_and_the_same_for_a_seed(name):
    texture = MATERIALS[name].texture
    relief, same = (texture(X, Y, np.random.default_rng(1)) for _ in range(2))

    assert relief.shape == X.shape
    assert relief.std() > 0.05
    assert np.abs(relief).max() < 3
    assert np.array_equal(relief, same)
