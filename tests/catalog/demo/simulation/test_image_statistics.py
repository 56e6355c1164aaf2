import numpy as np
from PIL import Image, ImageDraw

from catalog.demo.simulation.image_statistics import STATISTICS, measure_image, standardize


def drawn(box, colour=(200, 30, 30), size=(60, 80)):
    image = Image.new("RGB", size, "white")
    ImageDraw.Draw(image).rectangle(box, fill=colour)
    return dict(zip(STATISTICS, measure_image(image), strict=True))


def test_a_dark_figure_is_darker_and_a_grey_one_has_no_colour():
    red, black, grey = (
        drawn((10, 10, 50, 70)),
        drawn((10, 10, 50, 70), (10, 10, 10)),
        drawn((10, 10, 50, 70), (90,) * 3),
    )

    assert black["lightness"] < red["lightness"]
    assert grey["colourfulness"] < 5 < red["colourfulness"]


def test_size_and_tallness_are_the_figures_own_in_the_pictures_proportions():
    small, tall = drawn((25, 35, 35, 45)), drawn((25, 5, 35, 75))

    assert small["size"] < tall["size"]
    assert abs(small["tallness"]) < 0.3  # as high as wide in the picture, not in the square it is measured in
    assert tall["tallness"] > 1.5


def test_a_blank_picture_has_looks_too():
    assert np.isfinite(measure_image(Image.new("L", (5, 5)))).all()


def test_standardised_columns_have_mean_0_and_spread_1_and_constant_ones_are_0():
    rows = standardize(np.array([[1.0, 5.0], [3.0, 5.0], [5.0, 5.0]]))

    np.testing.assert_allclose(rows.mean(axis=0), 0, atol=1e-6)
    np.testing.assert_allclose(rows.std(axis=0), [1, 0], atol=1e-6)
