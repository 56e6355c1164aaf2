import io

import numpy as np
import pytest
from PIL import Image

from catalog import pictures, products
from catalog.models import Product, ProductImage
from catalog.pictures import encoded
from recommender.answers import Ask
from recommender.ranking import Candidate, distinct, diverse, ranked
from tests.factories import ProductFactory, drawn_bytes, saved_anew, turned

pytestmark = pytest.mark.django_db


def candidates(*degrees: float | None) -> list[Candidate]:
    """The best first; None: a picture that no version has seen yet."""
    looks = [None if angle is None else np.asarray(turned(angle), dtype=np.float32) for angle in degrees]
    return [Candidate(ProductFactory(), 1 - place / 100, look) for place, look in enumerate(looks)]


def test_pictures_that_look_the_same_count_once_and_the_unseen_all():
    rows = candidates(0, 5, None, 60, None, 63, 355)

    assert distinct(rows) == [rows[0], rows[2], rows[3], rows[4]]
    assert distinct(rows[1:], beside=rows[:1]) == [rows[2], rows[3], rows[4]]
    assert distinct([]) == []


def test_what_is_beside_stands_even_where_it_repeats_itself():
    first, again, other = candidates(0, 1, 90)

    assert distinct([other], beside=[first, again]) == [other]


def test_a_picture_that_was_saved_anew_counts_once():
    shoe, other = drawn_bytes(0), drawn_bytes(1)
    half = encoded(Image.open(io.BytesIO(shoe)).resize((80, 80)), "PNG")
    rows = [Candidate(ProductFactory(picture=data), 1.0) for data in (shoe, saved_anew(shoe), other, half)]

    assert distinct(rows) == [rows[0], rows[2]]
    assert distinct(rows[1:], beside=rows[:1]) == [rows[2]]
    ProductImage.objects.update(fingerprint=None)  # not looked at yet
    rows = [Candidate(Product.objects.get(pk=row.product.pk), 1.0) for row in rows]
    assert distinct(rows) == rows


def test_a_product_shows_all_its_pictures():
    first, second = ProductFactory(picture=drawn_bytes(0)), ProductFactory(picture=drawn_bytes(1))
    products.add_images(second, [pictures.read_picture(saved_anew(drawn_bytes(0)))])
    rows = [Candidate(product, 1.0) for product in (first, second)]

    assert distinct(rows) == rows[:1]


def test_unseen_pictures_are_like_no_other():
    rows = candidates(0, 20, None, 40)

    assert diverse(rows, Ask(limit=2, diversity=0.9)) == [rows[0], rows[2]]
    unseen = candidates(None, None, None)
    assert diverse(unseen, Ask(limit=2, diversity=0.9)) == unseen[:2]


def test_a_list_reaches_as_far_as_it_has_to_and_knows_whether_there_is_more():
    rows = candidates(*[0] * 30, 60, 120)
    sizes = []

    def page(size: int) -> list[Candidate]:
        sizes.append(size)
        return rows[:size]

    assert ranked(page, Ask(limit=2), None) == ([rows[0], rows[30]], True)
    assert sizes == [11, 44]
    assert ranked(page, Ask(limit=3), None) == ([rows[0], rows[30], rows[31]], False)
    assert ranked(page, Ask(limit=3, min_score=rows[30].score), None) == ([rows[0], rows[30]], False)
