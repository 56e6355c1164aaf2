import pytest

from catalog.demo import write_catalog
from catalog.importers import import_interactions, import_products
from catalog.models import Product


@pytest.mark.django_db
def test_the_demo_catalogue_is_imported_whole(tmp_path):
    write_catalog(tmp_path / "demo", products=24, shoppers=5)

    products = import_products(tmp_path / "demo")
    interactions = import_interactions(tmp_path / "demo/interactions.csv", is_simulated=True)

    assert (products.created, products.failed) == (24, 0)
    assert interactions.accepted > 24
    assert interactions.failed == interactions.duplicates == 0
    assert all("colour" in product.attributes for product in Product.objects.all())
