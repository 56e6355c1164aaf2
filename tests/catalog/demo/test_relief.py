import numpy as np

from catalog.demo.relief import inflate, noise, normals


def disc(radius: int, side: int = 64) -> np.ndarray:
    y, x = np.mgrid[0:side, 0:side] - side / 2 + 0.5
    return (np.hypot(x, y) < radius).astype(np.float32)


def test_a_disc_becomes_a_dome_about_as_high_as_the_exact_solution():
    u = inflate(disc(24))

    assert u.argmax() in {31 * 64 + 31, 31 * 64 + 32, 32 * 64 + 31, 32 * 64 + 32}  # in the middle
    exact = 24**2 / 4  # (R^2 - r^2) / 4 solves it on a disc; a few sweeps a level are within a third of that
    assert exact * 2 / 3 < u.max() < exact * 4 / 3
    assert (u[disc(24) == 0] == 0).all()


def test_normals_have_unit_length_and_lean_outwards():
    n = normals(disc(24), thickness=10)

    np.testing.assert_allclose((n * n).sum(axis=0), 1, atol=1e-5)
    assert n[0, 32, 9] < -0.3 < 0.3 < n[0, 32, 54]
    assert n[1, 9, 32] < -0.3 < 0.3 < n[1, 54, 32]
    assert n[2, 32, 32] > 0.9


def test_noise_is_smooth_and_the_same_for_a_seed():
    grain, same = (noise(np.random.default_rng(2), (50, 70), 8) for _ in range(2))

    assert grain.shape == (50, 70)
    assert np.array_equal(grain, same)
    assert np.abs(grain).max() <= 1
    assert np.abs(np.diff(grain, axis=1)).max() < 0.5  # a lump is 8 pixels wide, its slope at most 1.5 * 2 / 8
