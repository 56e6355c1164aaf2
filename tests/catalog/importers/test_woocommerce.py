import json

import pytest

from catalog.importers import import_products
from catalog.models import ImageDownload, Product

IMAGES = [{"id": 1, "src": "https://img.example/1.jpg", "name": "1"}, {"id": 2, "src": "https://img.example/2.jpg"}]
REST = [
    {
        "id": 10, "name": "Red trainer", "slug": "red", "permalink": "https://store.example/product/red/",
        "type": "variable", "status": "publish", "catalog_visibility": "visible", "description": "<p>Nice</p>\n",
        "sku": "red", "price": "19.95", "regular_price": "", "sale_price": "", "stock_status": "outofstock",
        "categories": [{"id": 3, "name": "Shoes, red", "slug": "shoes"}, {"id": 4, "name": "Sale", "slug": "sale"}],
        "tags": [{"id": 1, "name": "summer"}], "images": IMAGES, "variations": [12, 13], "parent_id": 0,
        "attributes": [{"id": 0, "name": "Size", "options": ["40", "41"]}],
    },
    {
        "id": 13, "name": "Red trainer - 41", "type": "variation", "status": "publish", "sku": "R-41", "price": "19.95",
        "regular_price": "19.95", "stock_status": "instock", "categories": [], "images": [], "parent_id": 10,
        "attributes": [{"id": 0, "name": "Size", "option": "41"}],
    },
    {
        "id": 11, "name": "Old trainer", "type": "simple", "status": "publish", "catalog_visibility": "hidden",
        "sku": "", "price": "5", "regular_price": "5", "stock_status": "onbackorder", "parent_id": 0,
        "categories": [{"name": "Trainers"}], "images": IMAGES[:1], "attributes": [],
    },
]  # fmt: skip
STORE = [
    {
        "id": 10, "name": "Red trainer", "permalink": "https://store.example/product/red/", "parent": 0, "sku": "red",
        "description": "<p>Nice</p>", "is_in_stock": True, "categories": [{"id": 3, "name": "Shoes, red"}],
        "prices": {"price": "1995", "regular_price": "2500", "currency_code": "EUR", "currency_minor_unit": 2},
        "images": IMAGES, "tags": [{"name": "summer"}],
        "attributes": [{"id": 1, "name": "Size", "terms": [{"id": 1, "name": "40"}, {"id": 2, "name": "41"}]}],
    },
]  # fmt: skip


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("products", "name", "counts", "currency"),
    [(REST, "REST", (2, 3), "EUR"), (STORE, "Store", (1, 2), "EUR")],
)
def test_products_have_their_variations_and_images(tmp_path, settings, products, name, counts, currency):
    settings.IMAGE_HOSTS = ["img.example"]
    (tmp_path / "products.json").write_text(json.dumps(products))

    report = import_products(tmp_path / "products.json")

    assert (report.created, report.failed, report.awaited) == (counts[0], 0, counts[1])
    assert f"products.json is of WooCommerce's {name} API" in report.notes
    red = Product.objects.get(sku="red")
    assert (red.title, str(red.price), red.currency, red.in_stock) == ("Red trainer", "19.95", currency, True)
    assert (red.category.name, red.url) == ("Shoes, red", "https://store.example/product/red/")
    assert {"Size": "40, 41", "ID": "10", "Tags": "summer", "Description": "Nice"}.items() <= red.attributes.items()
    found = ImageDownload.objects.filter(product=red).order_by("position").values_list("url", flat=True)
    assert list(found) == ["https://img.example/1.jpg", "https://img.example/2.jpg"]
    for hidden in Product.objects.filter(sku="11"):
        assert (hidden.is_hidden, hidden.in_stock) == (True, True)
