import numpy as np
import pytest

from catalog.demo.patterns import PATTERNS

Y, X = np.mgrid[0:200, 0:200] / 4.0  # 50 units a side


def painted(name: str, seed: int = 0, size: float = 7.0, share: float = 0.5) -> np.ndarray:
    return PATTERNS[name](size, 0.0, share)(X, Y, np.random.default_rng(seed))


@pytest.mark.parametrize("name", PATTERNS)
def test_a_pattern_has_both_colours_and_is_the_same_for_a_seed(name):
    accent = painted(name)

    assert accent.shape == X.shape
    assert accent.min() >= 0 and accent.max() <= 1
    assert 0.05 < accent.mean() < 0.95
    assert np.ptp(accent) > 0.4
    assert np.array_equal(accent, painted(name))


def test_no_two_patterns_are_alike():
    assert len({painted(name).tobytes() for name in PATTERNS}) == len(PATTERNS)


def test_a_larger_share_has_more_of_the_accent():
    assert painted("stripes", share=0.3).mean() < painted("stripes", share=0.5).mean()


def test_stripes_repeat_after_their_size():
    accent = PATTERNS["stripes"](5.0, 0.0, 0.5)(X, Y, np.random.default_rng(0))

    np.testing.assert_allclose(accent[20:40], accent[:20], atol=1e-6)  # 5 units are 20 rows
