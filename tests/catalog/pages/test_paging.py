import re

import pytest

from catalog import counts, listing
from catalog.models import Product
from tests.catalog.pages.test_views import skus
from tests.factories import ProductFactory

pytestmark = pytest.mark.django_db


def test_pages_keep_the_filters_and_take_any_number(client):
    for _ in range(30):
        ProductFactory(image=False, title="Boot")

    first = client.get("/products/", {"search": "boot"})
    assert len(skus(first)) == 24
    assert "?search=boot&amp;page=2" in first.content.decode()
    assert len(skus(client.get("/products/", {"search": "boot", "page": "2"}))) == 6
    assert len(skus(client.get("/products/", {"page": "99"}))) == 6
    assert len(skus(client.get("/products/", {"page": "x"}))) == 24


def test_next_and_previous_go_on_from_the_products_shown(client):
    for number in range(50):
        ProductFactory(sku=f"P{number:02}", image=False, title="Boot")

    second = client.get("/products/?search=boot&page=2")
    ProductFactory(image=False, title="Boot")  # moves all others on by one
    following, former = (
        client.get(
            "/products/" + re.search(rf'rel="{rel}" href="([^"]+)"', second.content.decode())[1].replace("&amp;", "&")
        )
        for rel in ("next", "prev")
    )

    assert skus(second) == [f"P{number:02}" for number in range(25, 1, -1)]
    assert skus(following) == ["P01", "P00"]
    assert skus(former) == [f"P{number:02}" for number in range(49, 25, -1)]
    assert '<span aria-current="page">3</span>' in following.content.decode()
    assert "search=boot" in following.content.decode()


def test_a_cursor_that_is_none_opens_the_first_page(client):
    ProductFactory(sku="one", image=False)

    assert skus(client.get("/products/?cursor=nonsense")) == ["one"]


def test_a_cursor_behind_which_nothing_is_left_opens_the_first_page(client):
    for number in range(25):
        ProductFactory(sku=f"P{number:02}", image=False)
    cursor = client.get("/products/").context["page"].next
    Product.objects.filter(sku="P00").delete()

    assert skus(client.get(f"/products/?cursor={cursor}"))[0] == "P24"


def test_far_pages_say_where_they_are(client, monkeypatch):
    monkeypatch.setattr(listing, "NUMBERED", 48)
    for _ in range(97):
        ProductFactory(image=False)

    page = client.get("/products/?page=4")
    assert page.context["numbers"] == [1, 2]
    for number in (3, 4, 5):
        page = client.get(f"/products/?cursor={page.context['page'].next}")
        assert page.context["numbers"] == [1, "…", number]
    assert len(skus(page)) == 1


def test_an_estimate_is_called_one(client, monkeypatch):
    monkeypatch.setattr(counts, "EXACT", 0)
    for _ in range(25):
        ProductFactory(image=False)

    assert ">25 products<" in client.get("/products/").content.decode()
    # Of so few the planner estimates by the size that the table had in other tests.
    assert re.search(r">About [\d,]+ products?<", client.get("/products/?in_stock=on").content.decode())
