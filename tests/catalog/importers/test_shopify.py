import json

import pytest

from catalog.importers import import_products, shopify
from catalog.models import ImageDownload, Product

TRAINER = {
    "id": 632910392,
    "title": "Red trainer",
    "handle": "red",
    "body_html": "<p>Nice &amp; red</p>",
    "published_at": "2026-01-02T10:00:00-05:00",
    "vendor": "Acme",
    "product_type": "Shoes",
    "tags": ["red", "summer"],
    "variants": [
        {"id": 1, "title": "40", "option1": "40", "option2": None, "sku": "R-40", "available": False, "price": "19.95"},
        {"id": 2, "title": "41", "option1": "41", "option2": None, "sku": "R-41", "available": True, "price": "19.95"},
    ],
    "images": [{"id": 5, "src": "https://img.example/1.jpg"}, {"id": 6, "src": "https://img.example/2.jpg"},
               {"id": 7, "src": "https://img.example/3.jpg"}],
    "options": [{"name": "Size", "position": 1, "values": ["40", "41"]}],
}  # fmt: skip
LACE = {
    "title": "Lace", "handle": "lace", "body_html": None, "vendor": "Acme", "product_type": "Laces", "tags": [],
    "variants": [{"title": "Default Title", "option1": "Default Title", "sku": "", "available": True, "price": "2.00"}],
    "images": [{"src": "https://img.example/4.jpg"}], "options": [{"name": "Title", "values": ["Default Title"]}],
}  # fmt: skip
GRAPHQL = {
    "title": "Red trainer", "handle": "red", "vendor": "Acme", "productType": "Shoes", "tags": ["red", "summer"],
    "status": "ACTIVE", "onlineStoreUrl": "https://store.example/products/red",
    "variants": {"edges": [{"node": {
        "sku": "R-40", "availableForSale": False, "price": {"amount": "19.95", "currencyCode": "EUR"},
        "selectedOptions": [{"name": "Size", "value": "40"}],
    }}, {"node": {
        "sku": "R-41", "availableForSale": True, "price": {"amount": "19.95", "currencyCode": "EUR"},
        "selectedOptions": [{"name": "Size", "value": "41"}],
    }}]},
    "images": {"nodes": [{"url": f"https://img.example/{number}.jpg"} for number in (1, 2, 3)]},
}  # fmt: skip


@pytest.mark.django_db
@pytest.mark.parametrize(
    "document",
    [
        {"products": [TRAINER, LACE]},
        {"data": {"products": {"edges": [{"node": GRAPHQL}, {"node": LACE}]}}, "extensions": {"cost": {"a": 1}}},
    ],
)
@pytest.mark.parametrize("indent", [None, 2])
def test_products_have_their_variants_and_images(tmp_path, settings, document, indent):
    settings.IMAGE_HOSTS = ["img.example"]
    (tmp_path / "products.json").write_text(json.dumps(document, indent=indent))

    report = import_products(tmp_path / "products.json")

    assert str(report) == "2 created, 0 updated, 0 unchanged, 0 failed; 4 images are to be fetched by their URLs"
    assert "products.json is of Shopify's JSON" in report.notes
    red, lace = Product.objects.order_by("-price")
    assert (red.sku, red.title, str(red.price), red.in_stock, red.is_hidden) == (
        "red",
        "Red trainer",
        "19.95",
        True,
        False,
    )
    assert red.category.name == "Shoes"
    expected = {"Size": "40, 41", "Variant SKU": "R-40, R-41", "Vendor": "Acme", "Tags": "red, summer"}
    assert expected.items() <= red.attributes.items()
    assert (lace.sku, lace.attributes) == ("lace", {"Vendor": "Acme"})
    found = ImageDownload.objects.filter(product=red).order_by("position").values_list("url", flat=True)
    assert list(found) == [f"https://img.example/{number}.jpg" for number in (1, 2, 3)]
    assert str(import_products(tmp_path / "products.json")).startswith("0 created, 0 updated, 2 unchanged, 0 failed")


@pytest.mark.parametrize(
    ("variant", "stock"),
    [
        ({"available": False, "inventory_quantity": 3}, False),
        ({"inventory_management": "shopify", "inventory_policy": "deny", "inventory_quantity": 0}, 0),
        ({"inventory_management": "shopify", "inventory_policy": "continue", "inventory_quantity": 0}, True),
        ({"inventory_management": None, "inventory_quantity": 0}, True),
        ({"inventory_quantity": 0}, 0),
        ({}, None),
    ],
)
def test_what_can_be_bought_without_being_counted_is_in_stock(variant, stock):
    assert shopify.stock_of(variant) == stock


def test_prices_in_hundredths_are_known_by_the_script_that_has_them():
    script = {"handle": "red", "price_min": 1995, "variants": [{"price": 1995}], "images": ["//img.example/1.jpg"]}

    [row] = shopify.rows_of(script)

    assert (row["Variant Price"], row["Image Src"]) == ("19.95", "//img.example/1.jpg")
