from datetime import datetime, timedelta

import numpy as np
import pytest
from django.utils import timezone

from catalog import interactions
from catalog.models import Interaction, Product
from recommender import histories, popularity, queries, serving
from recommender.answers import Ask
from recommender.errors import NoActiveVersion
from recommender.models import ShopperVector
from recommender.taste import Prior
from tests.factories import (
    CategoryFactory,
    InteractionFactory,
    ProductFactory,
    ShopperFactory,
    drawn_bytes,
    embed,
    saved_anew,
    turned,
)


def placed(version, *degrees, **fields) -> list[Product]:
    """A product for each angle, seen by the version in that direction."""
    products = []
    for angle in degrees:
        product = ProductFactory(**fields)
        embed(product, version, turned(angle))
        products.append(product)
    return products


def train(version, shopper, vector) -> None:
    """As if the version had just learnt this taste from all that was recorded so far."""
    ShopperVector.objects.create(version=version, shopper=shopper, vector=vector)
    version.started_at = timezone.now()
    version.save()


def ago(**time) -> datetime:
    return timezone.now() - timedelta(**time)


def shown(recommendation) -> list[Product]:
    return [result.product for result in recommendation.results]


def test_nearest_first_and_never_itself(active):
    query, far, near = placed(active, 0, 80, 10)

    found = serving.similar_products(query, Ask(limit=5))

    assert shown(found) == [near, far]
    assert found.results[0].score == pytest.approx(0.992404, abs=1e-5)  # (1 + cos 10 degrees) / 2
    assert [result.rank for result in found.results] == [1, 2]


def test_a_euclidean_version_goes_by_distance_and_not_by_direction(active):
    active.metric = "euclidean"
    active.save()
    query, longer, beside = (ProductFactory() for _ in range(3))
    for product, vector in ((query, [1, 0]), (longer, [4, 0]), (beside, [1, 1])):
        embed(product, active, vector)

    found = serving.similar_products(query, Ask())

    assert shown(found) == [beside, longer]
    assert [result.score for result in found.results] == pytest.approx([1 / 2, 1 / 4])  # 1 / (1 + distance)


def test_hidden_and_sold_out_products_are_never_shown(active):
    query, near = placed(active, 0, 10)
    placed(active, 20, is_hidden=True)
    placed(active, 30, in_stock=False)

    assert shown(serving.similar_products(query, Ask())) == [near]


def test_the_same_picture_is_shown_once_and_the_query_s_own_not_at_all(active):
    query = ProductFactory(picture=1)
    copy, twin_a, twin_b = ProductFactory(picture=1), ProductFactory(picture=2), ProductFactory(picture=2)
    for product, angle in ((query, 0), (copy, 0), (twin_a, 20), (twin_b, 20)):
        embed(product, active, turned(angle))

    assert len(shown(serving.similar_products(query, Ask()))) == 1
    assert copy not in shown(serving.similar_products(query, Ask()))


def test_a_product_of_many_pictures_takes_one_place(active):
    query, near, far = placed(active, 0, 10, 60)
    from catalog import pictures, products
    from recommender.models import ImageEmbedding
    from tests.factories import picture_bytes

    (second,) = products.add_images(near, [pictures.read_picture(picture_bytes(99))])
    ImageEmbedding.objects.create(version=active, image=second, product=near, vector=turned(12))

    assert shown(serving.similar_products(query, Ask())) == [near, far]


def test_filters_never_shorten_the_list(active):
    query, *_ = placed(active, 0, *range(9, 72, 9))
    bags = placed(active, *range(72, 180, 9), category=CategoryFactory(name="Bags"))

    found = serving.similar_products(query, Ask(limit=12, category="Bags"))

    assert shown(found) == bags


def test_conditions_hold(active):
    query, cheap, dear, excluded = placed(active, 0, 10, 20, 30)
    Product.objects.filter(pk=dear.pk).update(price=900)

    found = serving.similar_products(query, Ask(max_price=100, exclude=[excluded.sku]))

    assert shown(found) == [cheap]
    assert shown(serving.similar_products(query, Ask(min_score=0.99))) == [cheap]


def test_diversity_prefers_the_unlike(active):
    query, first, alike, other = placed(active, 0, 10, 19, 60)

    assert shown(serving.similar_products(query, Ask(limit=2))) == [first, alike]
    assert shown(serving.similar_products(query, Ask(limit=2, diversity=0.8))) == [first, other]


def test_a_product_without_a_vector_says_so(active):
    found = serving.similar_products(ProductFactory(), Ask())

    assert (found.results, found.reason) == ([], "not_yet_findable")


def test_without_an_active_version_there_is_nothing_to_ask(db):
    with pytest.raises(NoActiveVersion, match="similar styles"):
        serving.similar_products(ProductFactory(), Ask())


def test_a_photo_that_resembles_nothing_finds_nothing(active):
    placed(active, 0, 10)
    active.good_match = 0.9

    found = serving.products_like_photo(turned(120), active, Ask())

    assert (found.results, found.reason) == ([], "no_good_match")
    assert len(serving.products_like_photo(turned(5), active, Ask()).results) == 2


def test_queries_do_not_grow_with_the_list(active, django_assert_num_queries):
    query, *_ = placed(active, *range(0, 352, 16))
    for limit in (5, 20):
        with django_assert_num_queries(6):
            assert len(serving.similar_products(query, Ask(limit=limit)).results) == limit


def test_a_trained_shopper_gets_what_their_taste_scores_highest_and_has_not_met(active_personal):
    known, liked, other = placed(active_personal, 0, 10, 90)
    shopper = ShopperFactory()
    InteractionFactory(shopper=shopper, product=known)
    train(active_personal, shopper, [2.0, 0.0])

    found = serving.for_shopper(shopper, Ask(explain=True))

    assert (found.strategy, shown(found)) == ("personal", [liked, other])
    assert found.results[0].score == pytest.approx(1 / (1 + np.exp(-2 * np.cos(np.radians(10)))))
    assert [(because.product, because.weight) for because in found.results[0].because] == [(known, 1.0)]


@pytest.mark.parametrize(
    ("kinds", "told"),
    [
        (["view"], "view"),
        (["purchase", "like", "cart", "view"], "purchase"),
        (["view", "cart", "click"], "cart"),
        (["like", "cart"], "like"),
    ],
)
def test_an_explanation_knows_the_most_telling_thing_done(active_personal, kinds, told):
    known, pick = placed(active_personal, 0, 10)
    shopper = ShopperFactory()
    for kind in kinds:
        InteractionFactory(shopper=shopper, product=known, kind=kind)
    train(active_personal, shopper, [2.0, 0.0])

    (result,) = serving.for_shopper(shopper, Ask(explain=True)).results

    assert [(because.product, because.kind) for because in result.because] == [(known, told)]


def test_what_is_disliked_explains_nothing(active_personal):
    known, pick = placed(active_personal, 0, 10)
    shopper = ShopperFactory()
    for kind in ("purchase", "dislike", "view"):
        InteractionFactory(shopper=shopper, product=known, kind=kind)
    train(active_personal, shopper, [2.0, 0.0])

    (result,) = serving.for_shopper(shopper, Ask(explain=True)).results

    assert (result.product, result.because) == (pick, [])


def test_a_shopper_nobody_trained_is_folded_in(active_personal):
    *own, near, far = placed(active_personal, 0, 5, 10, 15, 180)
    shopper = ShopperFactory()
    for product in own:
        InteractionFactory(shopper=shopper, product=product)

    found = serving.for_shopper(shopper, Ask())

    assert (found.strategy, shown(found)) == ("fold-in", [near, far])
    assert found.results[0].score > 0.5 > found.results[1].score


def test_too_little_history_gives_what_is_popular(active_personal):
    famous, known, plain = placed(active_personal, 0, 45, 90)
    for _ in range(3):
        InteractionFactory(product=famous)
    shopper = ShopperFactory()
    InteractionFactory(shopper=shopper, product=known, kind="view")
    popularity.count()

    found = serving.for_shopper(shopper, Ask())

    assert (found.strategy, found.version, shown(found)) == ("popular", None, [famous, plain])
    assert [result.score for result in found.results] == [1.0, 0.0]


def test_one_like_is_enough_for_a_guest_and_for_a_shopper_alike(active_personal):
    (known, *_) = placed(active_personal, 0, 45, 90)
    shopper = ShopperFactory()
    InteractionFactory(shopper=shopper, product=known, kind="like")
    InteractionFactory(shopper=None, session="guest", product=known, kind="like")

    signed_in, guest = serving.for_shopper(shopper, Ask()), serving.for_session("guest", Ask())

    assert (signed_in.strategy, guest.strategy) == ("fold-in", "session")
    assert shown(signed_in) == shown(guest)


def test_a_guest_s_session_counts_at_once(active_personal):
    seen, near, far = placed(active_personal, 0, 10, 170)
    interactions.record([interactions.Event(sku=seen.sku, session="guest", kind="view")])

    found = serving.for_session("guest", Ask())

    assert (found.strategy, shown(found)) == ("session", [near, far])
    assert serving.for_session("", Ask()).strategy == "popular"


def test_a_dislike_turns_the_list_around(active_personal):
    disliked, near, far = placed(active_personal, 0, 10, 170)
    interactions.record([interactions.Event(sku=disliked.sku, session="guest", kind="dislike")])

    assert shown(serving.for_session("guest", Ask())) == [far, near]


def test_an_old_event_says_less_than_a_new_one(active_personal, settings):
    settings.TASTE_HALF_LIFE_DAYS = 100
    old, new, like_old, like_new = placed(active_personal, 0, 90, 10, 80)
    for product, days in ((old, 200), (new, 0)):
        InteractionFactory(shopper=None, session="guest", product=product, occurred_at=ago(days=days))

    first, second = serving.for_session("guest", Ask()).results

    assert [first.product, second.product] == [like_new, like_old]
    settings.TASTE_HALF_LIFE_DAYS = 10**9
    evenly = serving.for_session("guest", Ask()).results
    assert first.score - second.score > abs(evenly[0].score - evenly[1].score)


def test_what_each_kind_says_is_the_shops_to_set(active_personal, settings):
    viewed, liked, like_viewed, like_liked = placed(active_personal, 0, 90, 10, 80)
    for product, kind in ((viewed, "view"), (liked, "like")):
        InteractionFactory(shopper=None, session="guest", product=product, kind=kind)

    assert shown(serving.for_session("guest", Ask())) == [like_liked, like_viewed]
    settings.KIND_WEIGHTS = settings.KIND_WEIGHTS | {"view": 2.0, "like": 0.0}
    assert shown(serving.for_session("guest", Ask())) == [like_viewed, like_liked]


def test_what_a_shopper_did_since_the_training_moves_the_trained_taste_at_once(active_personal):
    known, liked, disliked, near, far, beside = placed(active_personal, 0, 90, 350, 10, 80, 340)
    shopper = ShopperFactory()
    InteractionFactory(shopper=shopper, product=known)
    train(active_personal, shopper, [1.0, 0.0])
    before = {result.product: result.score for result in serving.for_shopper(shopper, Ask()).results}

    InteractionFactory(shopper=shopper, product=liked)
    after_like = serving.for_shopper(shopper, Ask())
    InteractionFactory(shopper=shopper, product=disliked, kind="dislike")
    after_dislike = serving.for_shopper(shopper, Ask())

    scores = [{result.product: result.score for result in found.results} for found in (after_like, after_dislike)]
    assert after_like.strategy == after_dislike.strategy == "personal"
    assert scores[0][far] > before[far]
    assert scores[1][beside] < scores[0][beside]
    assert disliked not in scores[1]


def test_what_the_training_knew_already_moves_nothing(active_personal):
    known, near = placed(active_personal, 40, 50)
    shopper = ShopperFactory()
    InteractionFactory(shopper=shopper, product=known)
    train(active_personal, shopper, [2.0, 0.0])

    InteractionFactory(shopper=shopper, product=known, kind="view")  # says less than the like that is known

    (result,) = serving.for_shopper(shopper, Ask()).results
    assert result.score == pytest.approx(1 / (1 + np.exp(-2 * np.cos(np.radians(50)))))


def test_a_guest_who_becomes_a_trained_shopper_brings_news(active_personal):
    known, by_guest, far = placed(active_personal, 0, 90, 80)
    shopper = ShopperFactory()
    InteractionFactory(shopper=shopper, product=known)
    InteractionFactory(shopper=None, session="guest", product=by_guest)
    train(active_personal, shopper, [1.0, 0.0])
    (before,) = serving.for_shopper(shopper, Ask(exclude=[by_guest.sku])).results

    interactions.merge_guest("guest", shopper)

    (after,) = serving.for_shopper(shopper, Ask()).results
    assert after.product == before.product == far
    assert after.score > before.score


def test_of_a_like_and_a_dislike_the_later_counts(active_personal):
    turned_to, near, far = placed(active_personal, 0, 10, 170)
    for kind, days in (("dislike", 2), ("like", 1)):
        InteractionFactory(shopper=None, session="guest", product=turned_to, kind=kind, occurred_at=ago(days=days))

    assert shown(serving.for_session("guest", Ask())) == [near, far]


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
        InteractionFactory(shopper=shopper, product=product, kind=kind, occurred_at=ago(days=days))

    assert shown(serving.for_shopper(shopper, Ask())) == [new]
    assert set(shown(serving.for_shopper(shopper, Ask(exclude_seen=False)))) == {viewed, liked, liked_again, new}


def test_popular_products_keep_to_what_was_seen_too(db):
    viewed, bought, new = (ProductFactory() for _ in range(3))
    InteractionFactory(shopper=None, session="guest", product=viewed, kind="view")
    InteractionFactory(shopper=None, session="guest", product=bought, kind="purchase")

    assert shown(serving.for_session("guest", Ask())) == [new]
    assert shown(serving.for_session("guest", Ask(exclude_seen=False))) == [new, viewed]


def test_without_a_personal_version_a_guest_gets_what_looks_like_what_they_liked(active):
    liked, disliked, near, between, far = placed(active, 0, 60, 350, 40, 180)
    for product, kind in ((liked, "like"), (disliked, "dislike")):
        InteractionFactory(shopper=None, session="guest", product=product, kind=kind)

    found = serving.for_session("guest", Ask(explain=True))

    assert (found.strategy, found.version, shown(found)) == ("session", active, [near, between, far])
    assert [(because.product, because.weight) for because in found.results[0].because] == [(liked, 1.0)]
    InteractionFactory(shopper=None, session="other", product=disliked, kind="dislike")
    assert serving.for_session("other", Ask()).strategy == "popular"  # nobody knows what they would like


@pytest.mark.parametrize("strategy", ["personal", "fold-in", "session"])
def test_the_product_named_first_is_the_one_whose_removal_costs_most(active_personal, strategy):
    own = placed(active_personal, 0, 35, 80, 130, 300)
    placed(active_personal, 20, 60, 110, 150, 330)
    shopper, session = (None, "guest") if strategy == "session" else (ShopperFactory(), "")
    kinds = ("view", "like", "purchase", "dislike", "cart")
    for product, kind in zip(own, kinds, strict=True):
        InteractionFactory(shopper=shopper, session=session, product=product, kind=kind)
    if strategy == "personal":  # from what everybody likes to what this shopper does: as folded in, so that a removal
        folded = histories.seen(active_personal, histories.of_visitor(shopper=shopper)).taste(active_personal)
        train(active_personal, shopper, folded.tolist())  # can be told by training again

    def answer():
        return (
            serving.for_session("guest", Ask(explain=True))
            if session
            else serving.for_shopper(shopper, Ask(explain=True))
        )

    def scores_without(product) -> dict[Product, float]:
        kept = Interaction.objects.exclude(product=product).filter(shopper=shopper, session=session)
        deeds = histories.of_events((row.product_id, row.kind, row.occurred_at) for row in kept)
        theta = histories.seen(active_personal, deeds).taste(active_personal)
        vectors = queries.vectors_of(active_personal, [result.product.pk for result in found.results])
        return {result.product: theta @ np.asarray(vectors[result.product.pk]) for result in found.results}

    found = answer()
    without = {product: scores_without(product) for product in own}

    assert found.strategy == strategy
    for result in found.results:
        by_loss = sorted((product for product in own if product != own[3]), key=lambda p: without[p][result.product])
        named = [because.product for because in result.because]
        assert named == by_loss[: len(named)]
        assert not named or sum(because.weight for because in result.because) == pytest.approx(1)
        assert [b.weight for b in result.because] == sorted((b.weight for b in result.because), reverse=True)
    assert max(len(result.because) for result in found.results) == 3


@pytest.mark.parametrize("strategy", ["personal", "fold-in", "session"])
def test_where_all_have_one_taste_nothing_of_the_visitors_own_is_a_reason(active_personal, strategy):
    prior = Prior.of(np.ones((5, 1)))  # as the method `popularity` learns it
    active_personal.taste = {"mean": prior.mean.tolist(), "precision": prior.precision.tolist()}
    active_personal.dimensions = 1
    active_personal.save()
    own, few, many = (ProductFactory() for _ in range(3))
    for product, takers in ((own, 5.0), (few, -3.0), (many, 40.0)):
        embed(product, active_personal, [takers])
    shopper, session = (None, "guest") if strategy == "session" else (ShopperFactory(), "")
    InteractionFactory(shopper=shopper, session=session, product=own)
    if strategy == "personal":
        train(active_personal, shopper, [1.0])
    ask = Ask(explain=True)

    found = serving.for_session(session, ask) if session else serving.for_shopper(shopper, ask)

    assert (found.strategy, shown(found)) == (strategy, [many, few])
    assert [result.because for result in found.results] == [[], []]


def test_what_visitors_may_not_see_is_not_named(active_personal):
    hidden, visible, pick = placed(active_personal, 0, 10, 5)
    for product in (hidden, visible):
        InteractionFactory(shopper=None, session="guest", product=product)
    Product.objects.filter(pk=hidden.pk).update(is_hidden=True)

    (result,) = serving.for_session("guest", Ask(explain=True)).results

    assert [(because.product, because.weight) for because in result.because] == [(visible, 1.0)]


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
        found = serving.similar_products(query, Ask(limit=6))
    else:
        found = serving.for_shopper(shopper, Ask(limit=6, exclude=[query.sku]))

    assert found.strategy == strategy
    assert len(set(shown(found)) & set(alike)) == 1
    assert set(shown(found)) > set(others)


@pytest.mark.parametrize("strategy", ["similar", "photo", "personal", "session", "popular"])
def test_a_picture_saved_anew_is_shown_once_however_far_apart_a_version_sees_the_two(active, active_personal, strategy):
    shoe = drawn_bytes(0)
    query, own = ProductFactory(), ProductFactory()
    first, copy, other = (ProductFactory(picture=data) for data in (shoe, saved_anew(shoe), None))
    for product, angle in ((query, 0), (own, 330), (first, 20), (copy, 40), (other, 60)):
        embed(product, active, turned(angle))
        embed(product, active_personal, turned(angle))
    InteractionFactory(shopper=None, session="guest", product=own)
    shopper = ShopperFactory()
    if strategy == "personal":
        train(active_personal, shopper, turned(0))
    ask = Ask(limit=3, exclude=[query.sku, own.sku])
    popularity.count()

    found = {
        "similar": lambda: serving.similar_products(query, ask),
        "photo": lambda: serving.products_like_photo(turned(0), active, ask),
        "session": lambda: serving.for_session("guest", ask),
    }.get(strategy, lambda: serving.for_shopper(shopper, ask))()

    assert found.strategy == strategy
    assert len(shown(found)) == 2
    assert set(shown(found)) & {first, copy} and other in shown(found)


@pytest.mark.parametrize("exclude_seen", [True, False])
@pytest.mark.parametrize("kind", ["purchase", "dislike"])
@pytest.mark.parametrize("strategy", ["personal", "fold-in", "session", "popular"])
def test_no_copy_of_what_was_bought_or_is_disliked_is_shown(active_personal, strategy, kind, exclude_seen):
    data = drawn_bytes(0)
    settled, exact, anew, other = (ProductFactory(picture=picture) for picture in (data, data, saved_anew(data), None))
    for angle, product in enumerate((settled, exact, anew, other)):
        embed(product, active_personal, turned(20 * angle))
    shopper, session = (None, "guest") if strategy == "session" else (ShopperFactory(), "")
    InteractionFactory(shopper=shopper, session=session, product=settled, kind=kind)
    if strategy == "personal":
        train(active_personal, shopper, turned(0))
    if strategy == "popular":
        active_personal.delete()
    ask = Ask(exclude_seen=exclude_seen)

    found = serving.for_session("guest", ask) if session else serving.for_shopper(shopper, ask)

    assert (found.strategy, shown(found)) == (strategy, [other])


def test_what_somebody_else_bought_hides_no_copy(active_personal):
    bought, copy = ProductFactory(picture=1), ProductFactory(picture=1)
    embed(copy, active_personal, turned(0))
    InteractionFactory(product=bought, kind="purchase")
    (liked,) = placed(active_personal, 10)
    InteractionFactory(shopper=None, session="guest", product=liked)

    assert shown(serving.for_session("guest", Ask())) == [copy]


def test_a_euclidean_version_tells_pictures_apart_by_length_too(active):
    active.metric = "euclidean"
    active.save()
    query, longer, same = (ProductFactory() for _ in range(3))
    for product, vector in ((query, [1, 0]), (longer, [1.5, 0]), (same, [1.05, 0])):
        embed(product, active, vector)

    assert shown(serving.similar_products(query, Ask())) == [longer]


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

    def answer(ask):
        return serving.for_session(session, ask) if session else serving.for_shopper(shopper, ask)

    assert answer(Ask()).strategy == strategy
    assert shown(answer(Ask(limit=2))) == [first, alike]
    assert shown(answer(Ask(limit=2, diversity=0.7))) == [first, other]


def test_without_a_similarity_version_diversity_leaves_the_order_as_it_is(active_personal):
    own, *rest = placed(active_personal, 0, 10, 20, 90)
    InteractionFactory(product=own, shopper=None, session="guest")

    assert shown(serving.for_session("guest", Ask(diversity=1.0))) == rest


@pytest.mark.parametrize(
    ("strategy", "queries"),
    [
        # version, history, its vectors, taste, what was seen of the results' pictures and by which version, neighbours,
        # their pictures; own products, their pictures, vectors to explain
        ("personal", 11),
        ("fold-in", 11),
        ("session", 10),  # no trained taste
        # version, history, taste; version that compares pictures, most popular, popular, their pictures, others, their
        # pictures, what was seen of them
        ("popular", 10),
    ],
)
def test_queries_grow_neither_with_the_list_nor_with_the_history(
    active, active_personal, django_assert_num_queries, strategy, queries
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
    history = [] if strategy == "popular" else products[:8]

    for count, limit in ((4, 5), (8, 20)):
        for product in history[count - 4 : count]:
            InteractionFactory(product=product, shopper=shopper, session=session)
        ask = Ask(limit=limit, explain=True, diversity=0.3)
        with django_assert_num_queries(queries):
            found = serving.for_session(session, ask) if session else serving.for_shopper(shopper, ask)
        assert (found.strategy, len(found.results)) == (strategy, limit)


def test_queries_do_not_grow_with_what_was_bought(active, active_personal, django_assert_num_queries):
    products = placed(active_personal, *range(0, 360, 10))
    for place, product in enumerate(products):
        embed(product, active, turned(10 * place))
    shopper = ShopperFactory()

    for first, last in ((0, 4), (4, 20)):
        for product in products[first:last]:
            InteractionFactory(shopper=shopper, product=product, kind="purchase")
        # version, history, its vectors, taste, what was bought and its pictures, version that compares pictures, what
        # it saw of them, neighbours, their pictures, what it saw of these
        with django_assert_num_queries(11):
            assert len(serving.for_shopper(shopper, Ask(limit=5)).results) == 5
