import pytest
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.test import APIRequestFactory

from catalog.models import Product
from recommender.api.pagination import Pages
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
