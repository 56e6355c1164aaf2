import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from catalog import prepared
from catalog.prepared import fetch_prepared
from catalog.rows import Sql
from tests.factories import ProductFactory

pytestmark = pytest.mark.django_db
BY_SKU = "SELECT p.sku FROM catalog_product p WHERE p.sku <> ALL(%s) AND p.price >= %s ORDER BY p.sku LIMIT 5"


def statements() -> set[str]:
    """The statements that this connection has prepared here."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT name FROM pg_prepared_statements WHERE name LIKE 'visrec%%'")
        return {name for (name,) in cursor.fetchall()}


def test_a_statement_is_planned_once_a_connection_and_brings_the_rows_of_its_parameters():
    for sku, price in (("a", 1), ("b", 2), ("c", 3)):
        ProductFactory(sku=sku, price=price)
    before = statements()

    assert fetch_prepared(Sql(BY_SKU, (["b"], 1))) == [("a",), ("c",)]
    assert fetch_prepared(Sql(BY_SKU, ([], 2.5))) == [("c",)]
    assert len(statements() - before) == 1


def test_the_settings_hold_for_the_statement_alone():
    shown = Sql("SELECT current_setting('hnsw.ef_search')")
    usual = fetch_prepared(shown)

    assert fetch_prepared(shown, "SET LOCAL hnsw.ef_search = 77; ") == [("77",)]
    assert usual != [("77",)]


@pytest.mark.django_db(transaction=True)
def test_a_connection_after_the_one_that_was_lost_prepares_for_itself():
    statement = Sql("SELECT count(*) FROM catalog_product p WHERE p.sku = %s", (ProductFactory(sku="a").sku,))
    assert fetch_prepared(statement) == [(1,)]

    connection.close()

    assert fetch_prepared(statement) == [(1,)]


def test_the_statements_of_a_connection_are_bounded(monkeypatch):
    monkeypatch.setattr(prepared, "MOST", 3)
    for number in range(60):
        assert fetch_prepared(Sql(f"SELECT {number} + %s", (1,))) == [(number + 1,)]

    assert len(statements()) == 3
    kept = statements()
    fetch_prepared(Sql("SELECT 58 + %s", (1,)))
    assert statements() == kept


def test_behind_a_pooler_nothing_is_prepared(monkeypatch):
    monkeypatch.setitem(connection.settings_dict, "DISABLE_SERVER_SIDE_CURSORS", True)
    before = statements()

    with CaptureQueriesContext(connection) as captured:
        assert fetch_prepared(Sql("SELECT 'pooled' || %s", ("!",))) == [("pooled!",)]

    assert statements() == before
    assert "EXECUTE" not in captured[0]["sql"]
