from decimal import Decimal

import pytest

from catalog.models import Product
from catalog.rows import Sql, fetch
from recommender.serving.eligible import Eligible
from recommender.serving.types import RecommendationQuery
from tests.factories import CategoryFactory, ProductFactory

pytestmark = pytest.mark.django_db


def passing(where: Sql) -> set[int]:
    return {
        product for (product,) in fetch(Sql(f"SELECT p.id FROM catalog_product p WHERE {where.text}", where.params))
    }


def test_eligible_are_visible_products_in_stock_that_pass_the_filters():
    bag = ProductFactory(category=CategoryFactory(name="Bags"), price=20)
    ProductFactory(category=bag.category, price=90)
    ProductFactory(category=bag.category, price=20, is_hidden=True)
    ProductFactory(category=bag.category, price=20, in_stock=False)
    shoe = ProductFactory(price=20)
    bags = Eligible.of(RecommendationQuery(category="Bags", min_price=Decimal(15), max_price=Decimal("50.00")))
    nothing = Eligible.of(RecommendationQuery(category="Nothing"))

    assert passing(bags.where) == passing(bags.planned) == {bag.pk}
    assert shoe.pk in passing(Eligible().where)
    assert Eligible.of(RecommendationQuery()) == Eligible()
    assert passing(nothing.where) == passing(nothing.planned) == set()


def test_the_bounds_of_prices_are_within_them():
    cheap, dear = ProductFactory(price="9.99"), ProductFactory(price="20.00")
    between = Eligible.of(RecommendationQuery(min_price=Decimal("9.99"), max_price=Decimal("20")))

    assert passing(between.where) == {cheap.pk, dear.pk}


def test_a_category_is_counted_and_prices_are_estimated():
    category = CategoryFactory(name="Bags")
    ProductFactory.create_batch(3, category=category, price=10)
    ProductFactory(category=category, is_hidden=True)

    assert Eligible("Bags").estimate() == 3
    assert Eligible("Nothing").estimate() == 0
    assert Eligible("Bags", "p.price <= 10").estimate() <= Product.objects.count()


def test_a_category_of_a_moment_ago_is_known_by_its_products():
    assert Eligible("Bags").estimate() == 0  # remembered for a minute
    bag = ProductFactory(category=CategoryFactory(name="Bags"))

    assert passing(Eligible("Bags").where) == {bag.pk}
