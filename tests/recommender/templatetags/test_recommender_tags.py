import re

import pytest

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
