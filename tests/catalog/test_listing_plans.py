"""Which index PostgreSQL reads for each list, in a shop of 50,000 products: no list may read them all."""

import re
from collections.abc import Iterator

import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.bulk import bulk_writes
from tests.factories import VersionFactory

pytestmark = pytest.mark.django_db

PRODUCTS = 50_000
DIMENSIONS = 8  # of their vectors: a plan does not depend on them, the time to index them does
API, PAGES, ADMIN = "/api/v1/products/", "/products/", "/admin/catalog/product/"
# The newest third is hidden, a tenth is sold out, one of seven is a boot; in the order of the ids is none of it.
FILL = f"""
INSERT INTO catalog_category (id, name) SELECT n, 'Aisle ' || n FROM generate_series(1, 20) n;
INSERT INTO catalog_product
    (id, sku, title, category_id, price, currency, in_stock, is_hidden, attributes, created_at, updated_at)
SELECT n, 'P' || lpad(n::text, 8, '0'), (ARRAY['Red', 'Blue', 'Green', 'Black'])[1 + n % 4] || ' '
       || (ARRAY['boot', 'bag', 'hat', 'shirt', 'coat', 'belt', 'scarf'])[1 + n % 7] || ' ' || n % 1000,
       1 + n % 20, (n * 7919 % 100000) / 100.0, 'EUR', n % 10 <> 3, n * 7919 % 50000 < 16000,
       jsonb_build_object(
           'colour', (ARRAY['Red', 'Blue', 'Green', 'Black'])[1 + n % 4], 'heel', n % 9, 'lot', n % 5000
       ),
       now() - n * 7919 % 50000 * interval '1 minute', now()
FROM generate_series(1, {PRODUCTS}) n;
INSERT INTO catalog_productimage
    (id, product_id, position, file, thumbnail, width, height, content_hash, file_hash, created_at)
SELECT n, n, 0, 'products/' || n || '.png', '', 8, 8, n::text, '', now() FROM generate_series(1, {PRODUCTS}) n;
"""
EMBED = f"""
INSERT INTO recommender_imageembedding (version_id, image_id, product_id, vector, created_at)
SELECT %s, n, n, array(SELECT sin(n * sqrt(k)) FROM generate_series(1, {DIMENSIONS}) k)::vector, now()
FROM generate_series(1, {PRODUCTS} - 5) n;
"""
TABLES = "catalog_category, catalog_product, catalog_productimage, catalog_word, recommender_imageembedding"
# Without the statistics, which outlive the rows, other tests plan as if they had never been. The numbers of rows go on:
# an index for the vectors of a version outlives it too, and would be that of the next version of its number.
EMPTY = f"""
TRUNCATE catalog_category, catalog_word, recommender_modelversion CASCADE;
SELECT pg_clear_attribute_stats(schemaname, tablename, attname, inherited) FROM pg_stats
WHERE tablename = ANY(string_to_array('{TABLES}', ', '));
SELECT pg_clear_relation_stats('public', name) FROM unnest(string_to_array('{TABLES}', ', ')) name;
"""


@pytest.fixture(scope="module", autouse=True)
def shop(django_db_setup, django_db_blocker) -> Iterator[None]:
    with django_db_blocker.unblock():
        with bulk_writes() as cursor:
            cursor.execute(FILL)
            cursor.execute(EMBED, [VersionFactory(state="active", dimensions=DIMENSIONS).pk])
            cursor.execute(f"VACUUM ANALYZE {TABLES}")
        yield
        with connection.cursor() as cursor:
            cursor.execute(EMPTY)


@pytest.fixture
def guest() -> Client:
    return Client()


@pytest.fixture
def staff() -> Client:
    client = Client()
    client.force_login(get_user_model().objects.create_superuser("boss"))
    return client


def plans(client: Client, path: str) -> dict[str, str]:
    """The plan of each statement that a page executes."""
    with CaptureQueriesContext(connection) as captured:
        assert client.get(path).status_code == 200
    statements = [query["sql"] for query in captured if query["sql"].lstrip().startswith("SELECT")]
    statements = [sql for sql in statements if "recommender_popularity" not in sql]  # a strip's, which is no list
    found = {}
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(f"EXPLAIN {statement}")
            found[statement] = "\n".join(line for (line,) in cursor.fetchall())
    return found


def check(found: dict[str, str], index: str) -> None:
    """Fail if a plan reads a whole table, or if no list of products is read from `index`, a regular expression."""
    for statement, plan in found.items():
        scanned = re.findall(r"Seq Scan on (catalog_product|catalog_productimage|recommender_imageembedding)\b", plan)
        assert not scanned, f"{statement}\n{plan}"
    lists = [plan for statement, plan in found.items() if re.search(r'FROM "catalog_product".* ORDER BY', statement)]
    assert any(re.search(rf" {index} ", plan) for plan in lists), "\n\n".join(lists)


ORDERS = {
    "": "newest",
    "ordering=created_at": "newest",
    "ordering=price": "price",
    "ordering=-price": "price",
    "ordering=title": "title",
    "ordering=-title": "title",
}


@pytest.mark.parametrize(("order", "index"), ORDERS.items())
def test_each_order_is_read_from_its_index(guest, staff, order, index):
    check(plans(guest, f"{API}?{order}"), f"visible_{index}")
    check(plans(guest, f"{API}?{order}&category=Aisle 3"), f"visible_category_{index}")
    check(plans(guest, f"{API}?{order}&page=400"), f"visible_{index}")
    check(plans(staff, f"{API}?{order}"), f"product_{index}")


@pytest.mark.parametrize(("order", "index"), ORDERS.items())
def test_a_page_by_cursor_begins_in_the_index(guest, order, index):
    page = guest.get(f"{API}?{order}&page=400").json()

    for link in (page["next"], page["previous"]):
        found = plans(guest, link.removeprefix("http://testserver"))
        check(found, f"visible_{index}")
        assert any(re.search(rf" visible_{index} .*\n +Index Cond: \(ROW\(", plan) for plan in found.values())


@pytest.mark.parametrize(
    ("query", "index"),
    [
        ("in_stock=true", "visible_newest"),
        ("in_stock=false", "product_sold_out"),
        ("min_price=100&ordering=price", "visible_price"),
        ("min_price=500&max_price=501", "visible_(category_)?price"),
        ("min_price=500&max_price=501&ordering=title", "visible_(category_)?price"),
        ("min_price=500&max_price=501&category=Aisle 3", "visible_category_price"),
        ("search=boot", "visible_newest"),
        ("search=boot&ordering=price", "visible_price"),
        ("search=boot&category=Aisle 3&ordering=-created_at", "visible_category_newest"),
        ("search=boot&category=Aisle 3", "product_search"),  # the best matches first
        ("search=boto&ordering=price", "visible_price"),
        ("search=P00001234", "product_search"),
        ("search=P-00001234", "product_search"),
        ("search=00001234", "product_search"),
        ("search=P00001234&ordering=title", "product_search"),
        ("search=P99999999", "product_search"),
        ("attributes.lot=17", "product_search"),
        ("attributes.lot=17&attributes.lot=18&category=Aisle 3&ordering=price", "product_search"),
        ("attributes.colour=red", "visible_newest"),
        ("attributes.colour=red&search=boot&facets=colour,heel,category", "product_search"),
        ("category=Aisle 3&category=Aisle 4", "visible_newest"),
        ("category=Aisle 3&category=Aisle 4&facets=colour,category&ordering=price", "visible_price"),
        ("facets=colour,lot,category", "visible_newest"),
        ("facets=attributes.COLOUR,size&attributes.lot=17", "product_search"),  # no product has a size
        ("search=red boot 17", "product_search"),
        ("search=red blue", "visible_newest"),  # no product is both: all that are one of them
    ],
)
def test_filters_read_the_index_of_fewest_rows(guest, query, index):
    check(plans(guest, f"{API}?{query}"), index)


def test_no_product_is_read_for_words_that_none_has(guest):
    found = plans(guest, f"{API}?search=the unicorn")

    assert [statement for statement in found if '"catalog_product"' in statement] == []


@pytest.mark.parametrize(
    ("path", "index"),
    [
        ("/", "visible_newest"),
        (PAGES, "visible_newest"),
        (f"{PAGES}?category=Aisle 3", "visible_category_newest"),
        (f"{PAGES}?ordering=price&in_stock=on", "visible_price"),
        (f"{PAGES}?search=P00001234", "product_search"),
        (f"{PAGES}?attributes.colour=Red&attributes.heel=3&category=Aisle 3", "product_search"),
        (f"{PAGES}?search=red&category=Aisle 3&category=Aisle 4", "visible_newest"),
    ],
)
def test_pages_of_the_shop_read_an_index(guest, path, index):
    check(plans(guest, path), index)


@pytest.mark.parametrize(
    ("query", "index"),
    [
        ("", "product_newest"),
        ("o=2", "product_title"),
        ("o=-3", "catalog_product_sku_key"),
        ("o=5", "product_price"),
        ("p=100", "product_newest"),
        ("is_hidden__exact=1", "product_hidden"),
        ("in_stock__exact=0", "product_sold_out"),
        ("category__id__exact=3", ""),
        ("q=boot", "product_newest"),
        ("q=P00001234", "product_search"),
        ("findable=yes", "product_newest"),
        ("findable=no", "catalog_product_pkey"),
    ],
)
def test_the_admin_s_list_reads_an_index(staff, query, index):
    check(plans(staff, f"{ADMIN}?{query}"), index)


def test_the_admin_s_categories_count_no_products(staff):
    found = plans(staff, "/admin/catalog/category/")

    assert not [statement for statement in found if '"catalog_product"' in statement]
