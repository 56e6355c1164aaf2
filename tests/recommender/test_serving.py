import numpy as np
import pytest

from catalog import interactions
from catalog.models import Product
from recommender import popularity, serving
from recommender.errors import NoActiveVersion
from recommender.models import ShopperVector
from recommender.serving import Ask
from tests.factories import CategoryFactory, InteractionFactory, ProductFactory, ShopperFactory, embed, turned


def placed(version, *degrees, **fields) -> list[Product]:
    """A product for each angle, seen by the version in that direction."""
    products = []
    for angle in degrees:
        product = ProductFactory(**fields)
        embed(product, version, turned(angle))
        products.append(product)
    return products


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
    placed(active, 1, is_hidden=True)
    placed(active, 2, in_stock=False)

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
    query, *_ = placed(active, 0, *range(1, 60))
    bags = placed(active, *range(100, 112), category=CategoryFactory(name="Bags"))

    found = serving.similar_products(query, Ask(limit=12, category="Bags"))

    assert shown(found) == bags


def test_conditions_hold(active):
    query, cheap, dear, excluded = placed(active, 0, 10, 20, 30)
    Product.objects.filter(pk=dear.pk).update(price=900)

    found = serving.similar_products(query, Ask(max_price=100, exclude=[excluded.sku]))

    assert shown(found) == [cheap]
    assert shown(serving.similar_products(query, Ask(min_score=0.99))) == [cheap]


def test_diversity_prefers_the_unlike(active):
    query, first, twin, other = placed(active, 0, 10, 11, 60)

    assert shown(serving.similar_products(query, Ask(limit=2))) == [first, twin]
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
    query, *_ = placed(active, *range(21))
    for limit in (5, 20):
        with django_assert_num_queries(6):
            assert len(serving.similar_products(query, Ask(limit=limit)).results) == limit


def test_a_trained_shopper_gets_what_their_taste_scores_highest_and_has_not_met(active_personal):
    known, liked, other = placed(active_personal, 0, 10, 90)
    shopper = ShopperFactory()
    InteractionFactory(shopper=shopper, product=known)
    ShopperVector.objects.create(version=active_personal, shopper=shopper, vector=[2.0, 0.0])

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
    ShopperVector.objects.create(version=active_personal, shopper=shopper, vector=[2.0, 0.0])

    (result,) = serving.for_shopper(shopper, Ask(explain=True)).results

    assert [(because.product, because.kind) for because in result.because] == [(known, told)]


def test_what_is_disliked_explains_nothing(active_personal):
    known, pick = placed(active_personal, 0, 10)
    shopper = ShopperFactory()
    for kind in ("purchase", "dislike", "view"):
        InteractionFactory(shopper=shopper, product=known, kind=kind)
    ShopperVector.objects.create(version=active_personal, shopper=shopper, vector=[2.0, 0.0])

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
    InteractionFactory(shopper=shopper, product=known)
    popularity.count()

    found = serving.for_shopper(shopper, Ask())

    assert (found.strategy, found.version, shown(found)) == ("popular", None, [famous, plain])
    assert [result.score for result in found.results] == [1.0, 0.0]


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
