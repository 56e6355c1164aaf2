import time

import pytest
from django.contrib.auth.models import AnonymousUser

from catalog.models import Product
from catalog.visitors import Visitor
from recommender import broker
from recommender.errors import WorkersUnavailable
from recommender.pages import strips
from recommender.serving.saved import Caller
from tests.factories import (
    CategoryFactory,
    InteractionFactory,
    ProductFactory,
    ShopperFactory,
    VersionFactory,
    embed,
    turned,
)

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


@pytest.fixture
def reader(active, monkeypatch):
    """An active version that embeds texts, and a worker for which each is at 0 degrees."""
    active.method, active.settings = "open_clip:tiny", {"weights": "w.pt"}
    active.save()
    monkeypatch.setattr(strips, "_silent_until", 0.0)
    monkeypatch.setattr(broker, "request_text_embedding", lambda text: {"version": active.pk, "vector": turned(0)})
    return active


@pytest.fixture
def request_of_nobody(rf, client):
    request = rf.get("/products/")
    request.session, request.user = client.session, AnonymousUser()
    return request


def found(strip) -> list[str]:
    return [result.product.sku for result in strip.recommendation.results]


def test_products_by_their_looks_are_those_near_to_the_words(reader, request_of_nobody):
    for sku, degrees in {"far": 60, "near": 20, "listed": 5}.items():
        embed(ProductFactory(sku=sku), reader, turned(degrees))
    listed = [ProductFactory(sku="other"), Product.objects.get(sku="listed")]

    strip = strips.by_look("red", {}, listed, 12, request_of_nobody)

    assert found(strip) == ["near", "far"]
    assert strip.recommendation.query.placement == "search"
    assert strip.why == "They look like “red”, whatever their titles say."


def test_the_filters_of_a_search_count_by_look_too(reader, request_of_nobody):
    bags = CategoryFactory(name="Bags")
    for sku, degrees, price, category in [("a", 10, 5, bags), ("b", 30, 50, bags), ("c", 50, 5, None)]:
        more = {"category": category} if category else {}
        embed(ProductFactory(sku=sku, price=price, **more), reader, turned(degrees))

    assert found(strips.by_look("red", {"categories": ["Bags"]}, [], 12, request_of_nobody)) == ["a", "b"]
    assert found(strips.by_look("red", {"max_price": 9}, [], 12, request_of_nobody)) == ["a", "c"]
    for filters in ({"categories": ["Bags", "Shoes"]}, {"attributes": {"colour": ["red"]}}):
        assert strips.by_look("red", filters, [], 12, request_of_nobody) is None


def test_without_a_text_tower_or_words_there_is_no_strip(active, reader, request_of_nobody):
    embed(ProductFactory(), reader, turned(10))
    assert strips.by_look("red", {}, [], 12, request_of_nobody)

    assert strips.by_look("  ", {}, [], 12, request_of_nobody) is None
    active.method, active.settings = "pixels", {}
    active.save()
    assert strips.by_look("red", {}, [], 12, request_of_nobody) is None


def test_once_no_worker_answered_pages_do_not_wait_for_a_while(reader, request_of_nobody, monkeypatch):
    embed(ProductFactory(), reader, turned(10))
    asked = []

    def fail(text):
        asked.append(text)
        raise WorkersUnavailable("no worker answered in time")

    monkeypatch.setattr(broker, "request_text_embedding", fail)

    assert [strips.by_look(text, {}, [], 12, request_of_nobody) for text in ("red", "blue")] == [None, None]
    assert asked == ["red"]
    monkeypatch.setattr(strips, "_silent_until", time.monotonic())
    strips.by_look("blue", {}, [], 12, request_of_nobody)
    assert asked == ["red", "blue"]


def test_searches_by_look_are_counted(reader, request_of_nobody, monkeypatch):
    monkeypatch.setattr("recommender.throttling.TextThrottle.get_rate", lambda self: "1/min")
    embed(ProductFactory(), reader, turned(10))

    assert strips.by_look("red", {}, [], 12, request_of_nobody)
    assert strips.by_look("red", {}, [], 12, request_of_nobody) is None
