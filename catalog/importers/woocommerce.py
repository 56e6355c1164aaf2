"""Products of WooCommerce's interfaces as rows of its export: wc/v3 of REST, and wc/store, which is public."""

from collections.abc import Iterator, Mapping
from decimal import Decimal

from catalog.importers.json_objects import Product, first_of, names_of, objects_in

REST_MARKS = frozenset({"regular_price", "stock_status"})
STORE_MARKS = frozenset({"prices", "is_in_stock"})


def rest_rows_of(product: Product) -> Iterator[Mapping[str, object]]:
    """Yield the row of a product of wc/v3/products, or of a variation, which names its product."""
    yield {
        **described(product),
        "Published": 1 if product.get("status", "publish") == "publish" else -1,
        "Visibility in catalog": product.get("catalog_visibility"),
        "Parent": f"id:{product['parent_id']}" if product.get("parent_id") else None,
        "Regular price": first_of(product, "regular_price", "price"),
        "In stock?": product.get("stock_status"),
    }


def store_rows_of(product: Product) -> Iterator[Mapping[str, object]]:
    """Yield the row of a product of wc/store/v1/products, with the price that it has now, in the smallest unit."""
    prices = product.get("prices")
    prices = prices if isinstance(prices, dict) else {}
    text = str(first_of(prices, "price", "regular_price") or "")
    if text.isdecimal():
        text = str(Decimal(text).scaleb(-int(prices.get("currency_minor_unit") or 0)))
    yield {
        **described(product),
        "Regular price": {"value": text, "currency": prices.get("currency_code")},
        "In stock?": product.get("is_in_stock"),
        "Parent": f"id:{product['parent']}" if product.get("parent") else None,
    }


def described(product: Product) -> dict[str, object]:
    """Return what both interfaces say in the same way."""
    categories = [name.replace(",", "\\,") for name in names_of(product.get("categories"))]
    row = {
        "ID": product.get("id"),
        "SKU": product.get("sku"),
        "Name": product.get("name"),
        "Categories": categories[0] if categories else None,
        "Images": [first_of(image, "src") for image in objects_in(product.get("images"), "src")],
        "Permalink": product.get("permalink"),
        "Description": product.get("description"),
        "Short description": product.get("short_description"),
        "Tags": ", ".join(names_of(product.get("tags"))),
        "Brands": ", ".join(names_of(product.get("brands"))),
    }
    for number, attribute in enumerate(objects_in(product.get("attributes")), 1):
        # A product has all values, a variation its own.
        values = names_of(first_of(attribute, "options", "terms")) or [str(attribute.get("option") or "")]
        row |= {f"Attribute {number} name": attribute.get("name"), f"Attribute {number} value(s)": " | ".join(values)}
    return row
