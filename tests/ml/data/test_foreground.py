import numpy as np
import pytest
from PIL import Image, ImageDraw

from ml.data import foreground

GROUNDS = {"white": (255, 255, 255), "black": (0, 0, 0), "brown": (150, 120, 90)}


def photo(ground, box=(60, 40, 140, 160)) -> Image.Image:
    image = Image.new("RGB", (200, 200), ground) if isinstance(ground, tuple) else ground
    ImageDraw.Draw(image).rectangle(box, fill=(200, 30, 40))
    return image


def lit_from_one_side() -> Image.Image:
    return Image.linear_gradient("L").resize((200, 200)).point(lambda level: 90 + level // 2).convert("RGB")


def chequered() -> Image.Image:
    image = Image.new("RGB", (200, 200), (40, 70, 150))
    draw = ImageDraw.Draw(image)
    for x in range(0, 200, 20):
        for y in range(x % 40, 200, 40):
            draw.rectangle((x, y, x + 19, y + 19), fill=(230, 220, 180))
    return image


def table_before_a_wall() -> Image.Image:
    image = Image.new("RGB", (200, 200), (190, 200, 190))
    image.paste((120, 80, 50), (0, 100, 200, 200))
    return image


@pytest.mark.parametrize(
    "ground",
    [*GROUNDS.values(), lit_from_one_side(), chequered(), table_before_a_wall()],
    ids=[*GROUNDS, "gradient", "checks", "table"],
)
def test_a_thing_is_what_stands_out_from_the_ground(ground):
    boxes = [thing.box for thing in foreground.find_things(photo(ground))]

    assert min(np.abs(np.subtract(box, (60, 40, 141, 161))).max() for box in boxes) <= 6


def test_several_things_are_found_one_by_one_and_as_one():
    image = photo(GROUNDS["white"], box=(80, 60, 190, 190))
    ImageDraw.Draw(image).rectangle((5, 5, 60, 40), fill=(0, 0, 0))

    boxes = [thing.box for thing in foreground.find_things(image)]

    for expected in ((80, 60, 191, 191), (5, 5, 61, 41), (5, 5, 191, 191)):
        assert min(np.abs(np.subtract(box, expected)).max() for box in boxes) <= 4
    assert np.abs(np.subtract(boxes[0], (5, 5, 191, 191))).max() <= 4  # the largest first


@pytest.mark.parametrize("image", [Image.new("RGB", (50, 80), "red"), lit_from_one_side(), chequered()])
def test_a_ground_alone_has_no_thing(image):
    assert foreground.find_things(image) == []


@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_pixels_that_share_a_side_have_one_label(share):
    mask = np.random.default_rng(0).random((30, 40)) < share

    labels = foreground.label(mask)

    assert (labels > 0).tolist() == mask.tolist()
    filled = Image.fromarray(np.where(mask, 255, 0).astype(np.uint8)).copy()
    for number in range(1, labels.max() + 1):
        y, x = np.argwhere(labels == number)[0]
        ImageDraw.floodfill(filled, (int(x), int(y)), 100)
        assert ((np.asarray(filled) == 100) == (labels == number)).all()
        ImageDraw.floodfill(filled, (int(x), int(y)), 0)
    assert not np.asarray(filled).any()


def test_nothing_has_no_label():
    assert not foreground.label(np.zeros((3, 4), dtype=bool)).any()
