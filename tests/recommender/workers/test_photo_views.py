import numpy as np
import pytest
from PIL import Image, ImageDraw

from recommender.workers import photo_views

GROUNDS = {"white": (255, 255, 255), "black": (0, 0, 0), "brown": (150, 120, 90)}


def photo(ground: tuple[int, int, int], box=(60, 40, 140, 160)) -> Image.Image:
    image = Image.new("RGB", (200, 200), ground)
    ImageDraw.Draw(image).rectangle(box, fill=(200, 30, 40))
    return image


@pytest.mark.parametrize("ground", GROUNDS.values(), ids=GROUNDS)
def test_the_foreground_is_what_stands_out_from_the_colours_of_the_edge(ground):
    mask, box = photo_views.find_foreground(photo(ground))

    assert np.abs(np.subtract(box, (60, 40, 141, 161))).max() <= 4
    assert np.asarray(mask)[100, 100] > 127 > np.asarray(mask)[10, 10]


def test_the_largest_of_several_things_counts():
    image = photo(GROUNDS["white"])
    ImageDraw.Draw(image).rectangle((5, 5, 30, 30), fill=(0, 0, 0))

    _, box = photo_views.find_foreground(image)

    assert box[0] > 50


@pytest.mark.parametrize("image", [Image.new("RGB", (50, 80), "red"), photo(GROUNDS["white"], box=(0, 0, 200, 200))])
def test_a_photo_of_one_colour_has_no_foreground(image):
    assert photo_views.find_foreground(image) is None
    assert len(photo_views.views(image)) == 2  # itself, also mirrored


def test_views_show_the_foreground_on_white_whatever_the_ground_was():
    views = photo_views.views(photo(GROUNDS["brown"]))

    on_white = [view for view in views if np.asarray(view)[0, 0].min() == 255]
    assert len(on_white) > 10
    assert views[0].size == (200, 200)
    assert any((np.asarray(view) == 255).all(axis=2).mean() > 0.3 for view in on_white)


@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_pixels_that_share_a_side_have_one_label(share):
    mask = np.random.default_rng(0).random((30, 40)) < share

    labels = photo_views.label(mask)

    assert (labels > 0).tolist() == mask.tolist()
    filled = Image.fromarray(np.where(mask, 255, 0).astype(np.uint8)).copy()
    for number in range(1, labels.max() + 1):
        y, x = np.argwhere(labels == number)[0]
        ImageDraw.floodfill(filled, (int(x), int(y)), 100)
        assert ((np.asarray(filled) == 100) == (labels == number)).all()
        ImageDraw.floodfill(filled, (int(x), int(y)), 0)
    assert not np.asarray(filled).any()


def test_nothing_has_no_label():
    assert not photo_views.label(np.zeros((3, 4), dtype=bool)).any()
