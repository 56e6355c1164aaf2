"""Exports with images by URL, and a server of these images on this machine: from the file to products with images."""

from threading import Thread

import pytest

from catalog import downloads
from catalog.importers import import_interactions, import_products
from catalog.models import Interaction, Product
from tests import exports

pytestmark = pytest.mark.slow

PRODUCTS = 6
INTERNAL = {"variant grams", "cost per item", "variant taxable", "gift card", "type", "tax status", "meta: _edit_lock"}


@pytest.fixture
def images(settings):
    """The URL of a server of the products' images."""
    server = exports.image_server(PRODUCTS)
    settings.IMAGE_HOSTS = [f"127.0.0.1:{server.server_port}"]
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["shopify.csv", "woocommerce.csv", "google.xml", "google.tsv"])
def test_an_export_becomes_products_with_the_images_that_it_names(tmp_path, images, name):
    planned = exports.plan(PRODUCTS)
    file = exports.write_all(tmp_path, images, PRODUCTS)[name]

    report = import_products(file)
    assert downloads.run_all() == f"{2 * PRODUCTS} images fetched"
    again = import_products(file)

    assert (report.created, report.awaited, report.problems) == (PRODUCTS, 2 * PRODUCTS, [])
    assert (again.unchanged, again.awaited) == (PRODUCTS, 0)
    skus = [exports.handle(each) if name == "shopify.csv" else each.sku for each in planned]
    found = {product.sku: product for product in Product.objects.all()}
    # A category is the path to it.
    assert [(found[sku].title, found[sku].price, found[sku].category.name.split(" > ")[-1]) for sku in skus] == [
        (each.title.capitalize(), each.price, each.category.title()) for each in planned
    ]
    assert all(product.images.count() == 2 and product.in_stock for product in found.values())
    attributes = {column.lower() for product in found.values() for column in product.attributes}
    assert not attributes & INTERNAL


@pytest.mark.django_db
def test_the_orders_of_an_exported_shop_are_purchases_of_its_products(tmp_path, images):
    exports.write_all(tmp_path, images, PRODUCTS)
    import_products(tmp_path / "shopify.csv")

    report = import_interactions(tmp_path / "orders_export.csv")

    assert report.problems == [] and report.accepted == Interaction.objects.count() > 100
    skus = {exports.handle(product) for product in exports.plan(PRODUCTS)}
    assert set(Interaction.objects.values_list("product__sku", flat=True)) <= skus
