import io
import tracemalloc

import numpy as np
import pytest
from PIL import Image

from catalog import images, products
from catalog.images import encode
from catalog.models import Product, ProductImage
from catalog.rows import ImageMarks
from recommender import popularity
from recommender.models import ImageEmbedding
from recommender.serving import recommend
from recommender.serving.rerank import diversify, drop_duplicates, rank
from recommender.serving.types import Candidate, RecommendationQuery
from tests.factories import (
    InteractionFactory,
    ProductFactory,
    ShopperFactory,
    drawn_bytes,
    embed,
    image_bytes,
    reencoded,
    turned,
)
from tests.recommender.conftest import placed, shown, train

pytestmark = pytest.mark.django_db


def candidates(*degrees: float | None) -> list[Candidate]:
    """The best first; None: a picture that no version has seen yet."""
    looks = [None if angle is None else np.asarray(turned(angle), dtype=np.float32) for angle in degrees]
    return [Candidate.of(ProductFactory(), 1 - place / 100, look) for place, look in enumerate(looks)]


def test_pictures_that_look_the_same_count_once_and_the_unseen_all():
    rows = candidates(0, 5, None, 60, None, 63, 355)

    assert drop_duplicates(rows) == [rows[0], rows[2], rows[3], rows[4]]
    assert drop_duplicates(rows[1:], shown=rows[:1]) == [rows[2], rows[3], rows[4]]
    assert drop_duplicates([]) == []


def test_what_is_beside_stands_even_where_it_repeats_itself():
    first, again, other = candidates(0, 1, 90)

    assert drop_duplicates([other], shown=[first, again]) == [other]


def test_a_picture_that_was_saved_anew_counts_once():
    shoe, other = drawn_bytes(0), drawn_bytes(1)
    half = encode(Image.open(io.BytesIO(shoe)).resize((80, 80)), "PNG")
    rows = [Candidate.of(ProductFactory(image=data), 1.0) for data in (shoe, reencoded(shoe), other, half)]

    assert drop_duplicates(rows) == [rows[0], rows[2]]
    assert drop_duplicates(rows[1:], shown=rows[:1]) == [rows[2]]
    ProductImage.objects.update(fingerprint=None)  # not looked at yet
    rows = [Candidate.of(Product.objects.get(pk=row.product.pk), 1.0) for row in rows]
    assert drop_duplicates(rows) == rows


def test_a_product_shows_all_its_pictures():
    first, second = ProductFactory(image=drawn_bytes(0)), ProductFactory(image=drawn_bytes(1))
    products.add_images(second, [images.read_image(reencoded(drawn_bytes(0)))])
    rows = [Candidate.of(product, 1.0) for product in (first, second)]

    assert drop_duplicates(rows) == rows[:1]


@pytest.mark.slow
def test_thousands_of_copies_of_one_picture_take_neither_memory_nor_time():
    copy = ImageMarks("hash", bytes(192))
    other = ImageMarks("other", bytes(range(192)))
    copies = [Candidate(n, [copy], 1.0, None, lambda: None) for n in range(30_000)]
    last = Candidate(-1, [other], 0.5, None, lambda: None)
    asked = []

    def search(size):
        asked.append(size)
        return [*copies[: size - 1], last]

    tracemalloc.start()
    chosen, has_next = rank(search, RecommendationQuery(limit=12))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert (chosen, has_next) == ([copies[0], last], False)
    assert max(asked) == 5000
    assert peak < 50e6


def test_unseen_pictures_are_like_no_other():
    rows = candidates(0, 20, None, 40)

    assert diversify(rows, RecommendationQuery(limit=2, diversity=0.9)) == [rows[0], rows[2]]
    unseen = candidates(None, None, None)
    assert diversify(unseen, RecommendationQuery(limit=2, diversity=0.9)) == unseen[:2]


def test_a_list_reaches_as_far_as_it_has_to_and_knows_whether_there_is_more():
    rows = candidates(*[0] * 30, 60, 120)
    sizes = []

    def page(size: int) -> list[Candidate]:
        sizes.append(size)
        return rows[:size]

    assert rank(page, RecommendationQuery(limit=2)) == ([rows[0], rows[30]], True)
    assert sizes == [6, 24, 96]
    assert rank(page, RecommendationQuery(limit=3)) == ([rows[0], rows[30], rows[31]], False)
    assert rank(page, RecommendationQuery(limit=3, min_score=rows[30].score)) == ([rows[0], rows[30]], False)


def test_the_same_picture_is_shown_once_and_the_query_s_own_not_at_all(active):
    query = ProductFactory(image=1)
    copy, twin_a, twin_b = ProductFactory(image=1), ProductFactory(image=2), ProductFactory(image=2)
    for product, angle in ((query, 0), (copy, 0), (twin_a, 20), (twin_b, 20)):
        embed(product, active, turned(angle))

    assert len(shown(recommend.similar_products(query, RecommendationQuery()))) == 1
    assert copy not in shown(recommend.similar_products(query, RecommendationQuery()))


def test_a_product_of_many_pictures_takes_one_place(active):
    query, near, far = placed(active, 0, 10, 60)
    (second,) = products.add_images(near, [images.read_image(image_bytes(99))])
    ImageEmbedding.objects.create(version=active, image=second, product=near, vector=turned(12))

    assert shown(recommend.similar_products(query, RecommendationQuery())) == [near, far]


def test_diversity_prefers_the_unlike(active):
    query, first, alike, other = placed(active, 0, 10, 19, 60)

    assert shown(recommend.similar_products(query, RecommendationQuery(limit=2))) == [first, alike]
    assert shown(recommend.similar_products(query, RecommendationQuery(limit=2, diversity=0.8))) == [first, other]


@pytest.mark.parametrize("strategy", ["similar", "personal", "popular"])
def test_pictures_that_look_the_same_are_shown_once_and_shorten_no_list(active, active_personal, strategy):
    query = ProductFactory()
    embed(query, active, turned(0))
    alike = [ProductFactory() for _ in range(40)]  # one picture, as many files
    for place, product in enumerate(alike):
        embed(product, active, turned(20 + place / 10))
        embed(product, active_personal, turned(place))
    others = [ProductFactory() for _ in range(5)]
    for place, product in enumerate(others):
        embed(product, active, turned(60 + 20 * place))
        embed(product, active_personal, turned(60 + 20 * place))
    crowd = ShopperFactory()
    for product in alike:
        InteractionFactory(product=product, shopper=crowd)
    popularity.count()
    shopper = ShopperFactory()
    if strategy == "personal":
        train(active_personal, shopper, [1.0, 0.0])

    if strategy == "similar":
        found = recommend.similar_products(query, RecommendationQuery(limit=6))
    else:
        found = recommend.for_shopper(shopper, RecommendationQuery(limit=6, exclude=[query.sku]))

    assert found.strategy == strategy
    assert len(set(shown(found)) & set(alike)) == 1
    assert set(shown(found)) > set(others)


@pytest.mark.parametrize("strategy", ["similar", "photo", "personal", "session", "popular"])
def test_a_picture_saved_anew_is_shown_once_however_far_apart_a_version_sees_the_two(active, active_personal, strategy):
    shoe = drawn_bytes(0)
    shown_product, own = ProductFactory(), ProductFactory()
    first, copy, other = (ProductFactory(image=data) for data in (shoe, reencoded(shoe), None))
    for product, angle in ((shown_product, 0), (own, 330), (first, 20), (copy, 40), (other, 60)):
        embed(product, active, turned(angle))
        embed(product, active_personal, turned(angle))
    InteractionFactory(shopper=None, session="guest", product=own)
    shopper = ShopperFactory()
    if strategy == "personal":
        train(active_personal, shopper, turned(0))
    query = RecommendationQuery(limit=3, exclude=[shown_product.sku, own.sku])
    popularity.count()

    found = {
        "similar": lambda: recommend.similar_products(shown_product, query),
        "photo": lambda: recommend.products_like_photo(turned(0), active, query),
        "session": lambda: recommend.for_session("guest", query),
    }.get(strategy, lambda: recommend.for_shopper(shopper, query))()

    assert found.strategy == strategy
    assert len(shown(found)) == 2
    assert set(shown(found)) & {first, copy} and other in shown(found)


def test_a_euclidean_version_tells_pictures_apart_by_length_too(active):
    active.metric = "euclidean"
    active.save()
    query, longer, same = (ProductFactory() for _ in range(3))
    for product, vector in ((query, [1, 0]), (longer, [1.5, 0]), (same, [1.05, 0])):
        embed(product, active, vector)

    assert shown(recommend.similar_products(query, RecommendationQuery())) == [longer]


@pytest.mark.parametrize("strategy", ["personal", "fold-in", "session", "popular"])
def test_diversity_goes_by_how_things_look_whatever_the_strategy(active, active_personal, strategy):
    first, alike, other = (ProductFactory() for _ in range(3))
    for product, looks, tastes, shoppers in ((first, 10, 0, 3), (alike, 20, 5, 2), (other, 90, 10, 1)):
        embed(product, active, turned(looks))
        embed(product, active_personal, turned(tastes))
        for _ in range(shoppers):
            InteractionFactory(product=product)
    popularity.count()
    own = placed(active_personal, 350, 355, 0) if strategy in ("fold-in", "session") else []
    shopper, session = (None, "guest") if strategy == "session" else (ShopperFactory(), "")
    for product in own:
        InteractionFactory(product=product, shopper=shopper, session=session)
    if strategy == "personal":
        train(active_personal, shopper, [1.0, 0.0])

    def answer(query):
        return recommend.for_session(session, query) if session else recommend.for_shopper(shopper, query)

    assert answer(RecommendationQuery()).strategy == strategy
    assert shown(answer(RecommendationQuery(limit=2))) == [first, alike]
    assert shown(answer(RecommendationQuery(limit=2, diversity=0.7))) == [first, other]


def test_without_a_similarity_version_diversity_leaves_the_order_as_it_is(active_personal):
    own, *rest = placed(active_personal, 0, 10, 20, 90)
    InteractionFactory(product=own, shopper=None, session="guest")

    assert shown(recommend.for_session("guest", RecommendationQuery(diversity=1.0))) == rest
