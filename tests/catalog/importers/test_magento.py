import json

import pytest

from catalog.importers import import_products
from catalog.models import ImageDownload, Product
from tests.catalog.importers.builders import jpegs, write_folder


def simple(pk: int, size: str, *, in_stock: bool) -> dict:
    return {
        "id": pk, "sku": f"R-{size}", "name": f"Red trainer-{size}", "price": 19.95, "status": 1, "visibility": 1,
        "type_id": "simple", "extension_attributes": {"stock_item": {"is_in_stock": in_stock}},
        "media_gallery_entries": [], "custom_attributes": [{"attribute_code": "size", "value": size}],
    }  # fmt: skip


def entry(file: str, types: list[str], **more: object) -> dict:
    return {"media_type": "image", "disabled": False, "types": types, "file": file} | more


REST = {
    "items": [
        simple(1, "40", in_stock=False),
        simple(2, "41", in_stock=True),
        {
            "id": 3, "sku": "red", "name": "Red trainer", "price": 0, "status": 1, "visibility": 4,
            "type_id": "configurable",
            "extension_attributes": {
                "category_links": [{"position": 0, "category_id": "7"}], "configurable_product_links": [1, 2],
                "stock_item": {"is_in_stock": True},
            },
            "media_gallery_entries": [
                entry("/m/2.jpg", []), entry("/m/1.jpg", ["image"]), entry("/m/3.jpg", [], disabled=True),
                entry("/m/3.jpg", [], media_type="external-video"),
            ],
            "custom_attributes": [
                {"attribute_code": "material", "value": "Cotton"}, {"attribute_code": "url_key", "value": "red"},
                {"attribute_code": "category_ids", "value": ["2", "7"]},
            ],
        },
        {
            "id": 4, "sku": "old", "name": "Old trainer", "price": 5, "status": 2, "visibility": 4, "type_id": "simple",
            "extension_attributes": [], "media_gallery_entries": [entry("/m/1.jpg", ["image"])],
            "custom_attributes": [{"attribute_code": "category_ids", "value": ["9"]}],
        },
    ],
    "search_criteria": {"filter_groups": [], "page_size": 100}, "total_count": 4,
}  # fmt: skip
GRAPHQL = {"data": {"products": {"total_count": 1, "items": [{
    "__typename": "ConfigurableProduct", "sku": "red", "name": "Red trainer", "stock_status": "IN_STOCK",
    "price_range": {"minimum_price": {"regular_price": {"value": 19.95, "currency": "EUR"}}},
    "image": {"url": "https://img.example/1.jpg", "label": "Red"},
    "media_gallery": [{"url": "https://img.example/1.jpg"}, {"url": "https://img.example/2.jpg"}],
    "categories": [{"name": "Shoes", "level": 3}, {"name": "Apparel", "level": 2}],
    "configurable_options": [{"label": "Size", "values": [{"label": "40"}, {"label": "41"}]}],
    "variants": [{"product": {"sku": "R-40"}}, {"product": {"sku": "R-41"}}],
}]}}}  # fmt: skip


@pytest.mark.django_db
def test_rest_has_variants_by_their_ids(tmp_path):
    write_folder(tmp_path, {"products.json": json.dumps(REST)} | jpegs(["m/1.jpg", "m/2.jpg", "m/3.jpg"]))

    report = import_products(tmp_path / "products.json")

    assert str(report) == "2 created, 0 updated, 0 unchanged, 0 failed"
    assert any("numbers in place of the names of categories" in note for note in report.notes)
    red, old = Product.objects.order_by("-price")
    assert (red.sku, red.title, str(red.price), red.in_stock, red.is_hidden) == (
        "red",
        "Red trainer",
        "19.95",
        True,
        False,
    )
    assert (red.category.name, old.sku, old.is_hidden) == ("category 7", "old", True)
    assert red.attributes == {"size": "40, 41", "material": "Cotton", "Variant SKU": "R-40, R-41"}
    assert [image.source for image in red.images.order_by("position")] == ["m/1.jpg", "m/2.jpg"]


@pytest.mark.django_db
def test_graphql_has_names_and_addresses(tmp_path, settings):
    settings.IMAGE_HOSTS = ["img.example"]
    (tmp_path / "products.json").write_text(json.dumps(GRAPHQL))

    assert import_products(tmp_path / "products.json").created == 1

    red = Product.objects.get()
    assert (red.sku, str(red.price), red.currency, red.category.name, red.in_stock) == (
        "red",
        "19.95",
        "EUR",
        "Shoes",
        True,
    )
    assert red.attributes == {"Size": "40, 41", "Variant SKU": "R-40, R-41"}
    assert ImageDownload.objects.filter(product=red).count() == 2
