import numpy as np
import pytest

from catalog.demo.canvas import SIDE, Canvas, Surface
from catalog.demo.paths import ellipse

RED = np.array([0.6, 0.02, 0.02], dtype=np.float32)


@pytest.fixture
def canvas():
    return Canvas(np.random.default_rng(0))


def pixels(canvas: Canvas, floor: float | None = None) -> np.ndarray:
    return np.asarray(canvas.render(floor)).astype(int)


def test_a_part_is_in_the_middle_on_white(canvas):
    canvas.add(ellipse(30, 60, 15, 15), surface=Surface("cotton", RED))

    image = pixels(canvas)

    assert image.shape == (SIDE, SIDE, 3)
    assert (image[[0, 0, -1, -1], [0, -1, 0, -1]] >= 250).all()
    red, green, blue = image[SIDE // 2, SIDE // 2]
    assert red > green + 60 and red > blue + 60


def test_a_later_part_covers_an_earlier_one(canvas):
    canvas.add(ellipse(50, 50, 30, 30), surface=Surface("cotton", RED))
    canvas.add(ellipse(50, 50, 20, 20), surface=Surface("cotton", RED[::-1].copy()))

    red, _, blue = pixels(canvas)[SIDE // 2, SIDE // 2]

    assert blue > red + 60


def test_a_part_outside_the_canvas_leaves_it_as_it_was(canvas):
    canvas.add(ellipse(300, 300, 5, 5), surface=Surface("cotton", RED))

    assert not canvas.cover.any()


def test_a_tint_and_a_seam_change_parts_and_not_the_background(canvas):
    canvas.add(ellipse(50, 50, 30, 30), surface=Surface("cotton", RED))
    before, cover = canvas.light.copy(), canvas.cover.copy()

    canvas.tint(ellipse(50, 50, 5, 5), colour=np.zeros(3, dtype=np.float32))
    assert canvas.light[:, 160, 160].max() == 0
    canvas.add_seam(np.array([[10.0, 70.0], [90.0, 70.0]]))

    assert (canvas.light != before).any()
    assert np.array_equal(canvas.cover, cover)
    assert (canvas.light[:, cover == 0] == 0).all()


def test_a_floor_has_a_shadow(canvas):
    canvas.add(ellipse(50, 60, 30, 20), surface=Surface("cotton", RED))

    standing, hanging = pixels(canvas, floor=80), pixels(canvas)

    assert standing.sum() < hanging.sum()


def test_a_small_part_stays_small(canvas):
    canvas.add(ellipse(50, 50, 5, 5), surface=Surface("cotton", RED))

    columns = np.flatnonzero((pixels(canvas).min(axis=2) < 150).any(axis=0))

    assert np.ptp(columns) < SIDE / 4
