from collections import Counter
from decimal import Decimal

import pytest

from catalog.demo.families import FAMILIES
from catalog.demo.plan import plan_catalog


def test_same_seed_gives_the_same_products():
    assert plan_catalog(60, seed=3) == plan_catalog(60, seed=3)
    assert plan_catalog(60, seed=3) != plan_catalog(60, seed=4)


def test_every_category_has_its_share():
    counts = Counter(product.category for product in plan_catalog(1200))

    assert set(counts) == {family.category for family in FAMILIES}
    assert len(counts) >= 12
    assert min(counts.values()) > 50


def test_skus_are_unique_and_prices_plausible():
    products = plan_catalog(1200)

    assert len({product.sku for product in products}) == 1200
    assert all(Decimal(5) < product.price < Decimal(500) for product in products)
    assert {product.attributes["colour"] for product in products} >= {"red", "black", "white", "navy"}


def test_attributes_say_what_the_title_says():
    for product in plan_catalog(100):
        assert product.attributes["colour"] in product.title
        assert product.attributes["material"] in product.title


def test_an_empty_catalogue_is_refused():
    with pytest.raises(ValueError, match="0 products"):
        plan_catalog(0)
