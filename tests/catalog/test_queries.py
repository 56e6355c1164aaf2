from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from catalog import queries
from catalog.models import Kind, MergedSession, Product
from tests.factories import CategoryFactory, InteractionFactory, ProductFactory, ShopperFactory

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        ({}, {"cheap", "dear", "gone"}),
        ({"min_price": Decimal(10)}, {"dear", "gone"}),
        ({"max_price": Decimal(10)}, {"cheap", "gone"}),
        ({"in_stock": True}, {"cheap", "dear"}),
        ({"in_stock": False}, {"gone"}),
    ],
)
def test_products_meet_every_condition(condition, found):
    ProductFactory(sku="cheap", price=5)
    ProductFactory(sku="dear", price=50, category__name="Bags")
    ProductFactory(sku="gone", price=10, in_stock=False)

    assert {product.sku for product in queries.narrow(Product.objects.all(), **condition)} == found


def test_categories_count_their_visible_products():
    ProductFactory(category__name="Bags")
    ProductFactory(category__name="Bags", is_hidden=True)
    ProductFactory(category__name="Hats", is_hidden=True)
    CategoryFactory(name="Empty")

    assert [(c.name, c.visible_products) for c in queries.categories_with_counts()] == [("Bags", 1)]


def test_a_rating_is_the_last_of_the_visitor_s_own():
    ada, product = ShopperFactory(), ProductFactory()
    InteractionFactory(shopper=ada, product=product, kind="like", occurred_at="2026-01-01T00:00Z")
    InteractionFactory(shopper=ada, product=product, kind="dislike", occurred_at="2026-01-02T00:00Z")
    InteractionFactory(shopper=ada, product=product, kind="purchase", occurred_at="2026-01-03T00:00Z")

    assert queries.find_rating(product, shopper=ada) == Kind.DISLIKE
    assert queries.find_rating(product, shopper=ShopperFactory()) is None
    assert queries.find_rating(product, session="") is None


def test_a_session_is_known_while_it_has_interactions_and_after_they_were_merged():
    InteractionFactory(shopper=None, session="guest")
    MergedSession.objects.create(session="merged", shopper=ShopperFactory())

    assert [queries.is_known_session(session) for session in ("guest", "merged", "new", "")] == [
        True,
        True,
        False,
        False,
    ]


def test_simulated_shoppers_are_noticed():
    ShopperFactory()
    assert not queries.has_simulated_shoppers()

    ShopperFactory(is_simulated=True)
    assert queries.has_simulated_shoppers()


def test_a_category_shows_the_newest_product_on_sale_that_has_an_image():
    old = ProductFactory(category__name="Bags")
    ProductFactory(category__name="Bags", in_stock=False)
    ProductFactory(category__name="Bags", is_hidden=True)
    ProductFactory(category__name="Bags", image=False)
    empty = CategoryFactory(name="Hats")

    assert queries.category_images([old.category, empty]) == {old.category_id: old.images.get()}


def test_the_product_of_a_variant_is_found_by_the_variant_s_sku(django_assert_num_queries):
    ProductFactory(sku="A", attributes={"Variant SKU": "A-1, A-2, B"}, image=False)
    ProductFactory(sku="B", attributes={"Variant SKU": "A-2, B-1"}, image=False)
    ProductFactory(sku="C", attributes=["Variant SKU"], image=False)

    with django_assert_num_queries(2):
        found = queries.products_of_variants({"A", "A-1", "A-2", "B", "B-1", "A-1, A-2", "none"})
    with django_assert_num_queries(1):
        assert queries.products_of_variants({"A", "C"}) == {}

    assert found == {"A-1": "A", "B-1": "B"}


def test_the_product_of_a_variant_is_read_by_its_index():
    ProductFactory(sku="A", attributes={"Variant SKU": "A-1"}, image=False)
    with connection.cursor() as cursor, CaptureQueriesContext(connection) as captured:
        cursor.execute("SET LOCAL enable_seqscan = off")
        queries.products_of_variants({"A-1"})
        cursor.execute(f"EXPLAIN {captured[-1]['sql']}")
        plan = str(cursor.fetchall())
    assert "product_variant_skus" in plan
