import pytest

from recommender.serving.exports import COLUMNS, recommendation_records
from tests.factories import ProductFactory, ShopperFactory


@pytest.mark.django_db
def test_each_shopper_has_as_many_results_as_were_requested():
    for sku in "AB":
        ProductFactory(sku=sku)
    shoppers = [ShopperFactory(key=key) for key in ("ada", "bob")]

    found = list(recommendation_records(shoppers, 1))

    assert [(record["user"], record["rank"], record["strategy"]) for record in found] == [
        ("ada", 1, "popular"),
        ("bob", 1, "popular"),
    ]
    assert tuple(found[0]) == COLUMNS
