import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from catalog import fingerprints
from catalog.demo.drawing import draw
from catalog.demo.plan import plan_catalog


@pytest.fixture(scope="module")
def planned():
    return plan_catalog(56)


@pytest.fixture(scope="module")
def images(planned):
    return [draw(product) for product in planned]


def saved(image: Image.Image, format: str, **options) -> Image.Image:
    buffer = io.BytesIO()
    image.save(buffer, format, **options)
    return Image.open(buffer).convert("RGB")


def half(image: Image.Image) -> Image.Image:
    return image.resize((image.width // 2, image.height // 2), Image.Resampling.BICUBIC)


def alike(first: Image.Image, second: Image.Image) -> bool:
    return bool(
        fingerprints.match_fingerprints(
            [fingerprints.compute_fingerprint(first), fingerprints.compute_fingerprint(second)]
        )[0, 1]
    )


@pytest.mark.parametrize(
    "anew",
    [
        lambda image: saved(image, "JPEG", quality=60),
        lambda image: saved(image, "WEBP", quality=60),
        lambda image: saved(image, "GIF"),
        half,
        lambda image: saved(half(image), "JPEG", quality=90),
        lambda image: saved(image.resize((240, 240)), "PNG"),
    ],
    ids=["JPEG", "WebP", "GIF", "half", "half JPEG", "larger"],
)
def test_a_picture_saved_anew_is_the_same_picture(images, anew):
    assert all(alike(image, anew(image)) for image in images)


def test_of_drawn_products_no_two_are_one(images):
    same = fingerprints.match_fingerprints([fingerprints.compute_fingerprint(image) for image in images])

    assert np.array_equal(same, np.eye(len(images), dtype=bool))


def test_in_another_colour_it_is_another_picture(planned):
    shoe = next(product for product in planned if product.category == "heels")
    colours = ["navy", "black", "purple", "brown", "green"]
    drawn = [draw(replace(shoe, attributes=shoe.attributes | {"colour": colour})) for colour in colours]

    same = fingerprints.match_fingerprints([fingerprints.compute_fingerprint(image) for image in drawn])

    assert same.sum() == len(colours)


def test_no_cell_may_differ_by_more_than_a_few_levels():
    plain = np.full(fingerprints.SIZE, 128, dtype=np.uint8)
    strong, faint = plain.copy(), plain.copy()
    strong[::6], faint[::6] = 228, 144  # every other cell's Y: the deviation is 50, and 8

    def changed(cells: np.ndarray, levels: int) -> bytes:
        other = cells.copy()
        other[100] += levels
        return other.tobytes()

    def differ(cells: np.ndarray, levels: int) -> bool:
        same = fingerprints.match_fingerprints([cells.tobytes(), changed(cells, levels)])
        assert same[0, 0] and same[1, 1] and same[0, 1] == same[1, 0]
        return not same[0, 1]

    assert [differ(strong, levels) for levels in (0, 4, 5)] == [False, False, True]
    assert [differ(faint, levels) for levels in (0, 1, 2)] == [False, False, True]
    assert fingerprints.match_fingerprints([]).shape == (0, 0)
