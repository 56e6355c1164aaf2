from datetime import timedelta

import numpy as np
import pytest
from django.utils import timezone

from catalog import interactions
from catalog.models import Product
from recommender import popularity
from recommender.errors import NoActiveVersion
from recommender.serving import recommend
from recommender.serving.history import prior_of
from recommender.serving.types import RecommendationQuery
from recommender.versions import queries
from tests.factories import (
    CategoryFactory,
    InteractionFactory,
    ProductFactory,
    ShopperFactory,
    drawn_bytes,
    embed,
    reencoded,
    turned,
)
from tests.recommender.conftest import placed, shown, train


def test_nearest_first_and_never_itself(active):
    query, far, near = placed(active, 0, 80, 10)

    found = recommend.similar_products(query, RecommendationQuery(limit=5))

    assert shown(found) == [near, far]
    assert found.results[0].score == pytest.approx(0.992404, abs=1e-5)  # (1 + cos 10 degrees) / 2
    assert [result.rank for result in found.results] == [1, 2]


def test_a_euclidean_version_goes_by_distance_and_not_by_direction(active):
    active.metric = "euclidean"
    active.save()
    query, longer, beside = (ProductFactory() for _ in range(3))
    for product, vector in ((query, [1, 0]), (longer, [4, 0]), (beside, [1, 1])):
        embed(product, active, vector)

    found = recommend.similar_products(query, RecommendationQuery())

    assert shown(found) == [beside, longer]
    assert [result.score for result in found.results] == pytest.approx([1 / 2, 1 / 4])  # 1 / (1 + distance)


def test_hidden_and_sold_out_products_are_never_shown(active):
    query, near = placed(active, 0, 10)
    placed(active, 20, is_hidden=True)
    placed(active, 30, in_stock=False)

    assert shown(recommend.similar_products(query, RecommendationQuery())) == [near]


def test_filters_never_shorten_the_list(active):
    query, *_ = placed(active, 0, *range(9, 72, 9))
    bags = placed(active, *range(72, 180, 9), category=CategoryFactory(name="Bags"))

    found = recommend.similar_products(query, RecommendationQuery(limit=12, category="Bags"))

    assert shown(found) == bags


def test_conditions_hold(active):
    query, cheap, dear, excluded = placed(active, 0, 10, 20, 30)
    Product.objects.filter(pk=dear.pk).update(price=900)

    found = recommend.similar_products(query, RecommendationQuery(max_price=100, exclude=[excluded.sku]))

    assert shown(found) == [cheap]
    assert shown(recommend.similar_products(query, RecommendationQuery(min_score=0.99))) == [cheap]


def test_a_product_without_a_vector_says_so(active):
    found = recommend.similar_products(ProductFactory(), RecommendationQuery())

    assert (found.results, found.reason) == ([], "not_yet_findable")


def test_without_an_active_version_there_is_nothing_to_ask(db):
    with pytest.raises(NoActiveVersion, match="similar styles"):
        recommend.similar_products(ProductFactory(), RecommendationQuery())


def test_a_photo_that_resembles_nothing_finds_nothing(active):
    placed(active, 0, 10)
    active.good_match = 0.9

    found = recommend.products_like_photo(turned(120), active, RecommendationQuery())

    assert (found.results, found.reason) == ([], "no_good_match")
    assert [round(result.score, 2) for result in found.nearest] == [0.33, 0.25]
    assert len(recommend.products_like_photo(turned(5), active, RecommendationQuery()).results) == 2


def test_queries_do_not_grow_with_the_list(active, django_assert_num_queries):
    query, *_ = placed(active, *range(0, 351, 9))
    recommend.similar_products(query, RecommendationQuery())  # the version is read, once a process
    for limit in (5, 20):
        with django_assert_num_queries(1):
            assert len(recommend.similar_products(query, RecommendationQuery(limit=limit)).results) == limit


def test_a_trained_shopper_gets_what_their_taste_scores_highest_and_has_not_met(active_personal):
    known, liked, other = placed(active_personal, 0, 10, 90)
    shopper = ShopperFactory()
    InteractionFactory(shopper=shopper, product=known)
    train(active_personal, shopper, [2.0, 0.0])

    found = recommend.for_shopper(shopper, RecommendationQuery(explain=True))

    assert (found.strategy, shown(found)) == ("personal", [liked, other])
    assert found.results[0].score == pytest.approx(1 / (1 + np.exp(-2 * np.cos(np.radians(10)))))
    assert [(because.product, because.weight) for because in found.results[0].because] == [(known, 1.0)]


def test_a_shopper_nobody_trained_is_folded_in(active_personal):
    *own, near, far = placed(active_personal, 0, 5, 10, 15, 180)
    shopper = ShopperFactory()
    for product in own:
        InteractionFactory(shopper=shopper, product=product)

    found = recommend.for_shopper(shopper, RecommendationQuery())

    assert (found.strategy, shown(found)) == ("fold-in", [near, far])
    assert found.results[0].score > 0.5 > found.results[1].score


def test_too_little_history_gives_what_is_popular(active_personal):
    famous, known, plain = placed(active_personal, 0, 45, 90)
    for _ in range(3):
        InteractionFactory(product=famous)
    shopper = ShopperFactory()
    InteractionFactory(shopper=shopper, product=known, kind="view")
    popularity.count()

    found = recommend.for_shopper(shopper, RecommendationQuery())

    assert (found.strategy, found.version, shown(found)) == ("popular", None, [famous, plain])
    assert [result.score for result in found.results] == [1.0, 0.0]


def test_one_like_is_enough_for_a_guest_and_for_a_shopper_alike(active_personal):
    (known, *_) = placed(active_personal, 0, 45, 90)
    shopper = ShopperFactory()
    InteractionFactory(shopper=shopper, product=known, kind="like")
    InteractionFactory(shopper=None, session="guest", product=known, kind="like")

    signed_in, guest = (
        recommend.for_shopper(shopper, RecommendationQuery()),
        recommend.for_session("guest", RecommendationQuery()),
    )

    assert (signed_in.strategy, guest.strategy) == ("fold-in", "session")
    assert shown(signed_in) == shown(guest)


def test_a_guest_s_session_counts_at_once(active_personal):
    seen, near, far = placed(active_personal, 0, 10, 170)
    interactions.record([interactions.Event(sku=seen.sku, session="guest", kind="view")])

    found = recommend.for_session("guest", RecommendationQuery())

    assert (found.strategy, shown(found)) == ("session", [near, far])
    assert recommend.for_session("", RecommendationQuery()).strategy == "popular"


def test_what_was_seen_is_left_out_or_not_and_what_is_bought_or_disliked_always(active_personal):
    viewed, liked, bought, disliked, liked_again, new = placed(active_personal, 0, 10, 20, 30, 40, 50)
    shopper = ShopperFactory()
    for product, kind, days in (
        (viewed, "view", 1),
        (liked, "like", 1),
        (bought, "purchase", 2),
        (bought, "like", 1),
        (disliked, "like", 2),
        (disliked, "dislike", 1),
        (liked_again, "dislike", 2),
        (liked_again, "like", 1),
    ):
        InteractionFactory(
            shopper=shopper, product=product, kind=kind, occurred_at=timezone.now() - timedelta(days=days)
        )

    assert shown(recommend.for_shopper(shopper, RecommendationQuery())) == [new]
    assert set(shown(recommend.for_shopper(shopper, RecommendationQuery(exclude_seen=False)))) == {
        viewed,
        liked,
        liked_again,
        new,
    }


def test_popular_products_keep_to_what_was_seen_too(db):
    viewed, bought, new = (ProductFactory() for _ in range(3))
    InteractionFactory(shopper=None, session="guest", product=viewed, kind="view")
    InteractionFactory(shopper=None, session="guest", product=bought, kind="purchase")

    assert shown(recommend.for_session("guest", RecommendationQuery())) == [new]
    assert shown(recommend.for_session("guest", RecommendationQuery(exclude_seen=False))) == [new, viewed]


def test_without_a_personal_version_a_guest_gets_what_looks_like_what_they_liked(active):
    liked, disliked, near, between, far = placed(active, 0, 60, 350, 40, 180)
    for product, kind in ((liked, "like"), (disliked, "dislike")):
        InteractionFactory(shopper=None, session="guest", product=product, kind=kind)

    found = recommend.for_session("guest", RecommendationQuery(explain=True))

    assert (found.strategy, found.version, shown(found)) == ("session", active, [near, between, far])
    assert [(because.product, because.weight) for because in found.results[0].because] == [(liked, 1.0)]
    InteractionFactory(shopper=None, session="other", product=disliked, kind="dislike")
    assert (
        recommend.for_session("other", RecommendationQuery()).strategy == "popular"
    )  # nobody knows what they would like


@pytest.mark.parametrize("exclude_seen", [True, False])
@pytest.mark.parametrize("kind", ["purchase", "dislike"])
@pytest.mark.parametrize("strategy", ["personal", "fold-in", "session", "popular"])
def test_no_copy_of_what_was_bought_or_is_disliked_is_shown(active_personal, strategy, kind, exclude_seen):
    data = drawn_bytes(0)
    settled, exact, anew, other = (ProductFactory(image=image) for image in (data, data, reencoded(data), None))
    for angle, product in enumerate((settled, exact, anew, other)):
        embed(product, active_personal, turned(20 * angle))
    shopper, session = (None, "guest") if strategy == "session" else (ShopperFactory(), "")
    InteractionFactory(shopper=shopper, session=session, product=settled, kind=kind)
    if strategy == "personal":
        train(active_personal, shopper, turned(0))
    if strategy == "popular":
        active_personal.delete()
    query = RecommendationQuery(exclude_seen=exclude_seen)

    found = recommend.for_session("guest", query) if session else recommend.for_shopper(shopper, query)

    assert (found.strategy, shown(found)) == (strategy, [other])


def test_what_somebody_else_bought_hides_no_copy(active_personal):
    bought, copy = ProductFactory(image=1), ProductFactory(image=1)
    embed(copy, active_personal, turned(0))
    InteractionFactory(product=bought, kind="purchase")
    (liked,) = placed(active_personal, 10)
    InteractionFactory(shopper=None, session="guest", product=liked)

    assert shown(recommend.for_session("guest", RecommendationQuery())) == [copy]


@pytest.mark.parametrize(
    ("strategy", "expected"),
    [
        # version, history, its vectors, taste, version that compares pictures, neighbours, comparison with all, as the
        # neighbours were few; own products, vectors to explain
        ("personal", 9),
        ("fold-in", 9),
        ("session", 8),  # no trained taste
        # version, history, its vectors, taste, version that compares pictures, popular, others; vectors to explain
        ("popular", 8),
    ],
)
def test_queries_grow_neither_with_the_list_nor_with_the_history(
    active, active_personal, django_assert_num_queries, strategy, expected
):
    products = placed(active_personal, *range(0, 360, 10))
    for place, product in enumerate(products):
        embed(product, active, turned(10 * place))
    for product in products[30:33]:
        InteractionFactory(product=product)
    popularity.count()
    shopper, session = (None, "guest") if strategy == "session" else (ShopperFactory(), "")
    if strategy == "personal":
        train(active_personal, shopper, [1.0, 0.0])
        queries.serving_version("personal")  # which a process reads once
    prior_of(active_personal)  # so is this
    history = [] if strategy == "popular" else products[:8]

    for count, limit in ((4, 6), (8, 20)):
        for product in history[count - 4 : count]:
            InteractionFactory(product=product, shopper=shopper, session=session)
        query = RecommendationQuery(limit=limit, explain=True, diversity=0.3)
        # Of the longer list all are read; then those without a picture are looked for, once.
        is_exhausted = strategy == "popular" and limit == 20
        with django_assert_num_queries(expected + is_exhausted):
            found = recommend.for_session(session, query) if session else recommend.for_shopper(shopper, query)
        assert (found.strategy, len(found.results)) == (strategy, limit)


def test_queries_do_not_grow_with_what_was_bought(active, active_personal, django_assert_num_queries):
    products = placed(active_personal, *range(0, 360, 10))
    for place, product in enumerate(products):
        embed(product, active, turned(10 * place))
    shopper = ShopperFactory()
    prior_of(active_personal)

    for first, last in ((0, 4), (4, 20)):
        for product in products[first:last]:
            InteractionFactory(shopper=shopper, product=product, kind="purchase")
        # version, history, its vectors, taste, version that compares pictures, what was bought, neighbours
        with django_assert_num_queries(7):
            assert len(recommend.for_shopper(shopper, RecommendationQuery(limit=5)).results) == 5
