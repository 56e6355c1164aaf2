import pytest

from catalog.visitors import Visitor
from recommender.pages import strips
from recommender.serving.saved import Caller
from tests.factories import InteractionFactory, ProductFactory, ShopperFactory, VersionFactory, embed, turned

pytestmark = pytest.mark.django_db


def test_a_shop_without_a_model_has_no_similar_styles():
    assert strips.similar(ProductFactory(), 4, Caller()) is None


def test_a_picture_nobody_looked_at_yet_says_so(active):
    strip = strips.similar(ProductFactory(), 4, Caller())

    assert strip.recommendation.results == []
    assert strip.why == "The picture of this product is being analysed — similar styles appear in a few seconds."


def test_similar_products_need_no_explanation(active):
    query, near = ProductFactory(), ProductFactory()
    embed(query, active, turned(0))
    embed(near, active, turned(10))

    strip = strips.similar(query, 4, Caller())

    assert [result.product for result in strip.recommendation.results] == [near]
    assert strip.why == ""


def test_a_stranger_is_shown_what_is_popular_and_told_so(active_personal):
    product = ProductFactory()

    for visitor in (Visitor(), Visitor(session="s" * 32), Visitor(shopper=ShopperFactory())):
        strip = strips.personal(visitor, 4, Caller(), "home")
        assert [result.product for result in strip.recommendation.results] == [product]
        assert strip.why.startswith("Popular in this shop") and not strip.is_personal


def test_a_stranger_is_not_shown_less_because_others_saw_it():
    product = InteractionFactory().product

    assert [result.product for result in strips.personal(Visitor(), 4, Caller(), "home").recommendation.results] == [
        product
    ]


def test_a_guest_is_shown_what_goes_with_this_visit(active_personal):
    liked, like_it, unlike_it = ProductFactory(), ProductFactory(), ProductFactory()
    for product, degrees in ((liked, 0), (like_it, 10), (unlike_it, 170)):
        embed(product, active_personal, turned(degrees))
    InteractionFactory(shopper=None, session="guest", product=liked)

    strip = strips.personal(Visitor(session="guest"), 4, Caller(), "home", explain=True)

    assert [result.product for result in strip.recommendation.results] == [like_it, unlike_it]
    assert strip.recommendation.results[0].because[0].product == liked
    assert strip.why == "From what you liked and looked at in this visit." and strip.is_personal


def test_a_starter_s_lists_say_so_and_are_nobody_s_own():
    similar = VersionFactory(method="hog+histogram", state="active")
    one_taste = {"mean": [1.0], "precision": [[1e6]]}
    popularity = VersionFactory(
        method="popularity", role="personal", state="active", dimensions=1, metric="inner", taste=one_taste
    )
    query, near = ProductFactory(), ProductFactory()
    for product, degrees in ((query, 0), (near, 10)):
        embed(product, similar, turned(degrees))
        embed(product, popularity, [1.0])
    shopper = InteractionFactory(product=query, kind="like").shopper

    picks = strips.personal(Visitor(shopper=shopper), 4, Caller(), "home", explain=True)

    assert strips.similar(query, 4, Caller()).why == "Alike in outline and colour."
    assert (picks.why, picks.is_personal) == ("Popular in this shop.", False)
    assert [result.product for result in picks.recommendation.results] == [near]
