import colorsys

import numpy as np
import pytest

from catalog.demo.colours import ACCENTS, PALETTE, linear, sample_shade


@pytest.mark.parametrize("name", PALETTE)
def test_a_shade_lies_in_the_ranges_of_its_name(name):
    rng = np.random.default_rng(0)
    hues, _, lightnesses = PALETTE[name]

    for _ in range(20):
        shade = sample_shade(name, rng)
        hue, lightness, saturation = colorsys.rgb_to_hls(*(float(x) ** (1 / 2.2) for x in shade))
        assert shade.dtype == np.float32
        assert lightnesses[0] - 1e-3 <= lightness <= lightnesses[1] + 1e-3
        if saturation > 0.05:
            assert (hue * 360 - hues[0]) % 360 <= hues[1] - hues[0] + 1


def test_the_same_seed_samples_the_same_shade():
    first, same = (sample_shade("red", np.random.default_rng(3)) for _ in range(2))

    assert np.array_equal(first, same)


def test_no_colour_is_its_own_accent():
    assert set(ACCENTS) == set(PALETTE)
    assert not [colour for colour, accents in ACCENTS.items() if colour in accents or not accents]


def test_channels_become_an_array():
    assert linear(0.5, 0.25, 0.0).tolist() == [0.5, 0.25, 0.0]
