from importlib import import_module

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from catalog.models import Product
from tests.factories import ProductFactory

pytestmark = pytest.mark.slow

BEFORE, AFTER = ("0002_productimage_file_hash", "0003_one_category_per_name")


@pytest.fixture
def migrated(transactional_db):
    """Brings the catalogue to a migration and returns its models as they were then; the test ends with the latest."""

    def migrate(name):
        executor = MigrationExecutor(connection)
        return executor.migrate([("catalog", name)]).apps

    yield migrate
    executor = MigrationExecutor(connection)
    executor.migrate(executor.loader.graph.leaf_nodes())


def test_twins_become_the_oldest_and_bring_their_products(migrated):
    then = migrated(BEFORE)
    names = ["tops ", "Tops", "High  heels", "TOPS", "Hats"]
    for number, name in enumerate(names):
        category = then.get_model("catalog", "Category").objects.create(name=name)
        then.get_model("catalog", "Product").objects.create(sku=f"P{number}", title=name, category=category, price=1)

    now = migrated(AFTER)

    placed = now.get_model("catalog", "Product").objects.order_by("sku").values_list("sku", "category__name")
    assert list(placed) == [("P0", "tops"), ("P1", "tops"), ("P2", "High heels"), ("P3", "tops"), ("P4", "Hats")]
    assert now.get_model("catalog", "Category").objects.count() == 3


def test_products_that_were_folded_without_elisions_are_folded_again(db):
    before, after = (
        import_module(f"catalog.migrations.{name}") for name in ("0024_fold_long_texts", "0027_fold_elisions")
    )
    with connection.cursor() as cursor:
        cursor.execute(before.FUNCTION)
        ProductFactory(sku="DRESS", title="Robe d'été", image=False)
        ProductFactory(sku="BAG", title="Sac", attributes={"taille": "Größe"}, image=False)
        plain = ProductFactory(sku="COAT", title="Manteau", image=False)
        cursor.execute("SELECT xmin FROM catalog_product WHERE id = %s", (plain.pk,))
        written = cursor.fetchone()

        cursor.execute(after.FUNCTION)
        cursor.execute(after.FOLD_AGAIN)

        cursor.execute("SELECT sku FROM catalog_product WHERE search @@ 'ete'::tsquery OR search @@ 'grosse'::tsquery")
        assert {sku for (sku,) in cursor.fetchall()} == {"DRESS", "BAG"}
        cursor.execute("SELECT xmin FROM catalog_product WHERE id = %s", (plain.pk,))
        assert cursor.fetchone() == written
    assert Product.objects.get(sku="DRESS").title == "Robe d'été"


def test_products_whose_skus_have_parts_are_folded_again(db):
    before, after = (import_module(f"catalog.migrations.{name}") for name in ("0019_search_words", "0028_partial_skus"))
    former = before.FUNCTIONS[before.FUNCTIONS.index("CREATE FUNCTION catalog_document") :].split("$$;")[0] + "$$;"
    with connection.cursor() as cursor:
        cursor.execute(former.replace("CREATE", "CREATE OR REPLACE"))
        ProductFactory(sku="SH004-S", image=False)
        plain = ProductFactory(sku="COAT", title="Manteau", image=False)
        cursor.execute("SELECT xmin FROM catalog_product WHERE id = %s", (plain.pk,))
        written = cursor.fetchone()

        cursor.execute(after.FUNCTIONS)
        cursor.execute(after.AGAIN)

        cursor.execute("SELECT sku FROM catalog_product WHERE search @@ '''~004s'''::tsquery")
        assert cursor.fetchall() == [("SH004-S",)]
        cursor.execute("SELECT xmin FROM catalog_product WHERE id = %s", (plain.pk,))
        assert cursor.fetchone() == written
