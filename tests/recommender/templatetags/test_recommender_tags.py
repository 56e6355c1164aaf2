import re

import pytest

from catalog.pages.paging import PAGE
from recommender import broker
from recommender.templatetags.recommender_tags import probability
from tests.factories import AccountFactory, InteractionFactory, ProductFactory, ShopperFactory, embed, turned

pytestmark = pytest.mark.django_db
SIMULATED = "The shoppers of this shop are simulated."


def test_a_product_page_has_its_similar_styles_with_their_origin(client, active):
    query, near = ProductFactory(), ProductFactory()
    embed(query, active, turned(0))
    embed(near, active, turned(10))

    page = client.get(query.get_absolute_url()).content.decode()

    assert "Similar styles" in page
    link = re.search(rf'href="{near.get_absolute_url()}\?rec=([0-9a-f-]{{36}})&amp;pos=1&amp;at=product"', page)
    assert link
    assert SIMULATED not in page


def test_a_product_page_waits_for_its_picture_in_words(client, active):
    page = client.get(ProductFactory().get_absolute_url()).content.decode()
    assert "similar styles appear in a few seconds" in page


def test_a_product_page_without_a_model_has_no_strip(client):
    page = client.get(ProductFactory().get_absolute_url()).content.decode()
    assert "Similar styles" not in page


def test_a_search_lists_what_looks_like_its_words_below_its_results(client, active, monkeypatch):
    active.method, active.settings = "open_clip:tiny", {"weights": "w.pt"}
    active.save()
    monkeypatch.setattr(broker, "request_text_embedding", lambda text: {"version": active.pk, "vector": turned(0)})
    looks_red = ProductFactory(title="Clutch")
    embed(looks_red, active, turned(30))

    ProductFactory.create_batch(PAGE + 1, title="Red shoe", image=False)
    page, fragment, nothing, second, plain = (
        client.get("/products/", params, headers=headers).content.decode()
        for params, headers in [
            ({"search": "red"}, {}),
            ({"search": "red"}, {"HX-Request": "true"}),
            ({"search": "crimson"}, {}),
            ({"search": "red", "page": 2}, {}),
            ({}, {}),
        ]
    )

    for shown in (page, fragment):
        assert "They look like “red”, whatever their titles say." in shown
        listed, by_look = shown.split("By their looks")
        assert "Red shoe" in listed and "Clutch" not in listed
        assert "Clutch" in by_look and "Red shoe" not in by_look
        assert re.search(
            rf'href="{looks_red.get_absolute_url()}\?rec=[0-9a-f-]{{36}}&amp;pos=1&amp;at=search"', by_look
        )
    assert "Nothing found" in nothing and "By their looks" in nothing
    assert "By their looks" not in second + plain


def test_a_search_is_as_ever_where_nothing_embeds_texts(client, active):
    ProductFactory(title="Red bag")

    assert "By their looks" not in client.get("/products/", {"search": "red"}).content.decode()


def test_home_says_why_these_and_that_shoppers_are_simulated(client):
    ProductFactory()
    page = client.get("/").content.decode()
    assert "Popular in this shop" in page
    assert SIMULATED not in page

    ShopperFactory(is_simulated=True)
    assert SIMULATED in client.get("/").content.decode()


def test_home_knows_who_is_signed_in(client, active_personal):
    client.force_login(AccountFactory(username="ada"))
    shopper = ShopperFactory(key="ada")
    for degrees in (0, 5, 10):
        liked = ProductFactory()
        embed(liked, active_personal, turned(degrees))
        InteractionFactory(shopper=shopper, product=liked)
    embed(ProductFactory(), active_personal, turned(7))

    page = client.get("/").content.decode()

    assert "Picked for you" in page
    assert "From what you liked" in page


@pytest.mark.parametrize(
    ("share", "told"), [(0.9999, "over 99 %"), (0.87, "87 %"), (0.5, "50 %"), (0.001, "under 1 %")]
)
def test_no_chance_is_told_as_certain(share, told):
    assert probability(share) == told
