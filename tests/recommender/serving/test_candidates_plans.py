"""Which index PostgreSQL reads for each recommendation, in a shop of 50,000 products: none may read them all."""

import re
from collections.abc import Callable, Iterator
from types import SimpleNamespace

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from catalog.models import Product
from recommender import popularity
from recommender.serving import recommend
from recommender.serving.types import Recommendation, RecommendationQuery
from recommender.versions.vectors import index
from tests.bulk import bulk_writes
from tests.catalog.test_listing_plans import DIMENSIONS, EMBED, EMPTY, FILL, TABLES
from tests.factories import InteractionFactory, ShopperFactory, VersionFactory

pytestmark = pytest.mark.django_db
WHOLE = r"Seq Scan on (catalog_product|catalog_productimage|recommender_imageembedding|recommender_popularity)\b"


@pytest.fixture(scope="module", autouse=True)
def shop(django_db_setup, django_db_blocker) -> Iterator[SimpleNamespace]:
    axes = range(DIMENSIONS)
    taste = {"mean": [0.0] * DIMENSIONS, "precision": [[float(i == j) for j in axes] for i in axes]}
    with django_db_blocker.unblock():
        with bulk_writes() as cursor, pytest.MonkeyPatch.context() as patch:
            # Of the quality of the graph no plan knows; with the usual one the indexes take longer than all the rest.
            patch.setattr(index, "EF_CONSTRUCTION", dict.fromkeys(index.EF_CONSTRUCTION, 32))
            cursor.execute(FILL)
            similar = VersionFactory(state="active", dimensions=DIMENSIONS)
            personal = VersionFactory(
                state="active", dimensions=DIMENSIONS, role="personal", metric="inner", taste=taste
            )
            for version in (similar, personal):
                cursor.execute(EMBED, [version.pk])
                index.build_index(version)
            shopper = ShopperFactory(key="late")
            for product in Product.objects.visible()[:8]:
                InteractionFactory(shopper=shopper, product=product)
            cursor.execute(
                "INSERT INTO catalog_interaction (session, product_id, kind, occurred_at, recorded_at, event_id,"
                " placement, is_verified) SELECT 'guest' || n, n, 'view', now(), now(), '', '', true"
                " FROM generate_series(1, 50000, 3) n"
            )
            popularity.count()
            cursor.execute(f"VACUUM ANALYZE {TABLES}, catalog_interaction, recommender_popularity")
        yield SimpleNamespace(similar=similar, personal=personal, shopper=shopper)
        with connection.cursor() as cursor:
            for version in (similar, personal):
                cursor.execute(f"DROP INDEX {index.index_name(version)}")
            cursor.execute("TRUNCATE catalog_shopper CASCADE")
            cursor.execute(EMPTY)


def plans(ask: Callable[[], Recommendation]) -> list[str]:
    """The plan of each statement that a recommendation executes."""
    with CaptureQueriesContext(connection) as captured:
        assert len(ask().results) == 12
    found = []
    with connection.cursor() as cursor:
        for query in captured:
            settings, _, statement = query["sql"].rpartition("; ")
            if statement.startswith(("SELECT", "WITH", "EXECUTE")):
                cursor.execute(f"{settings or 'SELECT 1'}; EXPLAIN {statement}")
                found.append("\n".join(line for (line,) in cursor.fetchall()))
    return found


@pytest.mark.parametrize(
    "query",
    [
        RecommendationQuery(),
        RecommendationQuery(category="Aisle 3"),  # one product in twenty, not the product's own
        RecommendationQuery(min_price=200, max_price=203),  # one in three hundred
        RecommendationQuery(min_price=100),
    ],
)
def test_similar_products_and_a_late_shopper_s_are_found_by_indexes(shop, query):
    product = Product.objects.visible().filter(category__name="Aisle 7").latest("pk")

    similar = plans(lambda: recommend.similar_products(product, query))
    personal = plans(lambda: recommend.for_shopper(shop.shopper, query))

    assert not [plan for plan in similar + personal if re.search(WHOLE, plan)]
    if query == RecommendationQuery():
        assert any(index.index_name(shop.similar) in plan for plan in similar)
        assert any(index.index_name(shop.personal) in plan for plan in personal)


def test_no_walk_leads_to_another_category(shop):
    product = Product.objects.visible().filter(category__name="Aisle 7").latest("pk")

    def walks(category: str) -> list[str]:
        query = RecommendationQuery(category=category)
        with CaptureQueriesContext(connection) as captured:
            assert len(recommend.similar_products(product, query).results) == 12
        [statement] = [each["sql"] for each in captured if "EXECUTE" in each["sql"] and "'P" not in each["sql"]][-1:]
        with connection.cursor() as cursor:
            settings, _, statement = statement.rpartition("; ")
            cursor.execute(f"{settings or 'SELECT 1'}; EXPLAIN (ANALYZE, COSTS OFF) {statement}")
            return [line for (line,) in cursor.fetchall() if index.index_name(shop.similar) in line]

    assert "never executed" not in walks("Aisle 7")[0]
    assert "never executed" in walks("Aisle 3")[0]


def test_popular_products_are_read_from_the_most_popular_on(shop):
    found = plans(lambda: recommend.popular_products(RecommendationQuery()))

    assert not [plan for plan in found if re.search(WHOLE, plan)]
    assert any("popularity_first" in plan for plan in found)


def test_where_few_are_popular_the_newest_and_those_without_a_picture_are_read_from_indexes(shop):
    category = RecommendationQuery(category="Aisle 3", limit=12)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM recommender_popularity WHERE product_id > 40")
        cursor.execute(
            "UPDATE catalog_productimage SET problem = 'cut off' FROM catalog_product p"
            " WHERE p.id = product_id AND category_id = 3 AND p.id % 5000 <> 2"
        )

    found = plans(lambda: recommend.popular_products(RecommendationQuery()))
    found += plans(lambda: recommend.popular_products(category))

    assert not [plan for plan in found if re.search(r"Seq Scan on catalog_product", plan)]
    assert any("visible_newest" in plan for plan in found)
    assert len(found) == 3 + 3  # of the category are too few with a picture: the others are read as well
