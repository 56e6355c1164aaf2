from urllib.parse import parse_qs, urlsplit

import pytest
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.test import APIRequestFactory

from catalog.listing import Listing
from catalog.models import Product
from recommender.api.pagination import Pages, ProductPages
from tests.factories import ProductFactory

PRODUCTS = Product.objects.order_by("sku")


def request_of(**query) -> Request:
    return Request(APIRequestFactory().get("/", query))


def skus(pages: Pages, **query) -> list[str]:
    return [product.sku for product in pages.page_of(PRODUCTS.all(), request_of(**query))]


@pytest.fixture
def products(db) -> None:
    for letter in "abc":
        ProductFactory(sku=letter, image=False)


def test_a_limit_goes_before_the_page_size(products):
    assert skus(Pages(2)) == ["a", "b"]
    assert skus(Pages(2), page=2) == ["c"]
    assert skus(Pages(2), page_size=1) == ["a", "b"]
    assert skus(Pages(), page_size=1) == ["a"]
    assert skus(Pages()) == ["a", "b", "c"]


@pytest.mark.parametrize("page", ["2", "0", "x"])
def test_a_page_that_is_not_there_is_named(products, page):
    with pytest.raises(NotFound, match=f"There is no page '{page}'"):
        skus(Pages(3), page=page)


def test_the_document_has_the_bounds_of_both_parameters():
    page, size = Pages().get_schema_operation_parameters(None)

    assert page["schema"] == {"type": "integer", "minimum": 1, "default": 1}
    assert size["schema"] == {"type": "integer", "minimum": 1, "maximum": 100, "default": 24}


def test_products_have_pages_by_number_and_by_cursor(products):
    pages, found = ProductPages(2), Listing("title", {})

    first = pages.products_of(found, request_of())
    by_number, by_cursor = (
        pages.products_of(found, request_of(**query)) for query in ({"page": 2}, {"cursor": first.next})
    )

    assert [product.sku for product in first.products] == ["a", "b"]
    assert [product.sku for product in by_number.products] == [product.sku for product in by_cursor.products] == ["c"]


def test_links_carry_cursors_and_all_else_that_was_asked_for(products):
    pages, request = ProductPages(), request_of(page=2, limit=1, ordering="title")
    page = ProductPages(1).products_of(Listing("title", {}), request)

    told = pages.response(page, request, ["b"]).data

    assert (told["count"], told["results"]) == (3, ["b"])
    for link, cursor in ((told["next"], page.next), (told["previous"], page.previous)):
        query = parse_qs(urlsplit(link).query)
        assert query == {"limit": ["1"], "ordering": ["title"], "cursor": [cursor]}


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ({"page": "2"}, "There is no page '2': It has no products."),
        ({"page": "0"}, "There is no page '0': Pages are numbered from 1."),
        ({"page": "x"}, "There is no page 'x': Pages are numbered from 1."),
        ({"page": "417"}, "There is no page '417': Pages of 24 have numbers up to 416; follow `next` to later ones."),
        ({"cursor": "x"}, "There is no page at the cursor 'x': The cursor is not one of this list."),
    ],
)
def test_a_page_of_products_that_is_not_there_is_named(products, query, message):
    with pytest.raises(NotFound) as error:
        ProductPages().products_of(Listing("title", {}), request_of(**query))

    assert str(error.value.detail) == message


def test_the_document_says_what_a_count_is_and_where_numbers_end():
    pages = ProductPages()
    page, size, cursor = pages.get_schema_operation_parameters(None)
    told = pages.get_paginated_response_schema({"type": "array"})["properties"]

    assert [page["name"], size["name"], cursor["name"]] == ["page", "page_size", "cursor"]
    assert "first 10,000 products" in page["description"]
    assert "exact up to 10,000" in told["count"]["description"]
    assert "cursor=" in told["next"]["example"]
