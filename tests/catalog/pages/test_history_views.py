import re

import pytest

from catalog.models import Interaction, Shopper
from tests.factories import AccountFactory, InteractionFactory, ProductFactory, ShopperFactory

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


def skus(response) -> list[str]:
    """Of the product cards on a page, in order."""
    return re.findall(r'class="card" href="/products/([^/]+)/', response.content.decode())


@pytest.fixture
def sam(client) -> Shopper:
    """A shopper who is signed in."""
    shopper = ShopperFactory(key="sam", account=AccountFactory(username="sam"))
    client.force_login(shopper.account)
    return shopper


@pytest.mark.parametrize("path", ["/liked/", "/seen/"])
def test_a_stranger_finds_an_empty_page_and_leaves_no_trace(client, path):
    InteractionFactory()  # another's

    response = client.get(path)

    assert (response.status_code, skus(response)) == (200, [])
    assert "Nothing yet" in response.content.decode()
    assert "sessionid" not in client.cookies


def test_liked_is_what_was_not_disliked_later(client, sam):
    for sku, kinds in (("liked", ["like"]), ("changed", ["like", "dislike"]), ("again", ["dislike", "like"])):
        product = ProductFactory(sku=sku)
        for kind in kinds:
            InteractionFactory(shopper=sam, product=product, kind=kind)
    InteractionFactory(shopper=sam, product__sku="hidden", product__is_hidden=True, kind="like")
    InteractionFactory(shopper=sam, product__sku="seen", kind="view")

    assert skus(client.get("/liked/")) == ["again", "liked"]


def test_a_like_is_taken_back_and_that_undone(client, sam):
    InteractionFactory(shopper=sam, product__sku="red", kind="like")

    removed = client.post("/liked/red/", {"verdict": "none"}, headers=HTMX).content.decode()
    assert "Undo" in removed and 'class="gone"' in removed
    assert skus(client.get("/liked/")) == []

    restored = client.post("/liked/red/", {"verdict": "like"}, headers=HTMX).content.decode()
    assert "Remove" in restored and "gone" not in restored
    assert skus(client.get("/liked/")) == ["red"]


def test_without_a_script_the_page_comes_again(client, sam):
    InteractionFactory(shopper=sam, product__sku="red", kind="like")
    InteractionFactory(shopper=sam, product__sku="blue", kind="view")

    assert client.post("/liked/red/", {"verdict": "none"}).headers["Location"] == "/liked/"
    assert client.post("/seen/blue/").headers["Location"] == "/seen/"
    assert client.post("/liked/red/", {"verdict": "adore"}).status_code == 400
    assert client.post("/liked/gone/", {"verdict": "none"}).status_code == 404
    assert not Interaction.objects.exists()


def test_seen_is_each_product_once_the_latest_first(client, sam):
    red, blue = ProductFactory(sku="red"), ProductFactory(sku="blue")
    for product, kind in ((red, "view"), (blue, "click"), (red, "click"), (blue, "like")):
        InteractionFactory(shopper=sam, product=product, kind=kind)
    InteractionFactory(product__sku="another's", kind="view")

    assert skus(client.get("/seen/")) == ["red", "blue"]


def test_what_is_taken_out_of_the_seen_is_forgotten_for_this_visitor_alone(client, sam):
    red = ProductFactory(sku="red")
    for kind in ("view", "click"):
        InteractionFactory(shopper=sam, product=red, kind=kind)
    kept = {InteractionFactory(shopper=sam, product=red, kind="like"), InteractionFactory(product=red, kind="view")}

    assert client.post("/seen/red/", headers=HTMX).content == b""

    assert set(Interaction.objects.all()) == kept


def test_a_guest_has_the_same_pages(client):
    for sku in ("red", "blue"):
        client.get(f"/products/{ProductFactory(sku=sku).sku}/")
    client.post("/products/red/verdict/", {"verdict": "like"})

    assert skus(client.get("/liked/")) == ["red"]
    assert skus(client.get("/seen/")) == ["blue", "red"]


def test_many_products_have_pages_and_the_same_number_of_queries(client, sam, django_assert_max_num_queries):
    for number in range(30):
        InteractionFactory(shopper=sam, product=ProductFactory(image=number), kind="like")

    with django_assert_max_num_queries(8):
        first = client.get("/liked/")
    second = client.get("/liked/?page=2")

    assert (len(skus(first)), len(skus(second))) == (24, 6)
    assert not {*skus(first)} & {*skus(second)}
