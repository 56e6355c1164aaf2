"""Products of Magento's interfaces as rows of its export: REST (V1/products) and GraphQL."""

from collections.abc import Iterator, Mapping

from catalog.importers.json_objects import Product, first_of, names_of, objects_in

REST_MARKS = frozenset({"type_id", "sku"})
GRAPHQL_MARKS = frozenset({"price_range", "sku"})
NOT_VISIBLE = 1  # individually
# Of custom attributes, what is said elsewhere or to no shopper.
INTERNAL = {
    "category_ids", "options_container", "url_key", "url_path", "required_options", "has_options", "tax_class_id",
    "gift_message_available", "msrp_display_actual_price_type", "image", "small_image", "thumbnail", "swatch_image",
    "meta_title", "meta_keyword", "meta_description",
}  # fmt: skip


def rest_rows_of(product: Product) -> Iterator[Mapping[str, object]]:
    """Yield the row of a product, of which REST says categories and the values of selections by their numbers."""
    entries = objects_in(product.get("media_gallery_entries"), "file")
    entries = [entry for entry in entries if not entry.get("disabled") and entry.get("media_type", "image") == "image"]
    entries.sort(key=lambda entry: not is_primary(entry))
    custom = {
        str(first_of(each, "attribute_code")): each.get("value")
        for each in objects_in(product.get("custom_attributes"))
    }
    more = product.get("extension_attributes")
    more = more if isinstance(more, dict) else {}
    category = custom.get("category_ids") or [
        link.get("category_id") for link in objects_in(more.get("category_links"))
    ]
    stock = more.get("stock_item")
    yield {
        **{name: value for name, value in custom.items() if name not in INTERNAL},
        "id": product.get("id"),
        "sku": product.get("sku"),
        "name": product.get("name"),
        "product_type": product.get("type_id"),
        "categories": f"category {category[-1]}" if isinstance(category, list) and category else None,
        "price": product.get("price") or None,  # 0 of a product with variants
        **gallery([entry.get("file") for entry in entries] or [custom.get("image")]),
        "is_in_stock": stock.get("is_in_stock") if isinstance(stock, dict) else None,
        "product_online": product.get("status"),
        "visibility": "Not Visible Individually" if product.get("visibility") == NOT_VISIBLE else None,
        "configurable_variations": "|".join(f"id={pk}" for pk in more.get("configurable_product_links") or []),
    }


def graphql_rows_of(product: Product) -> Iterator[Mapping[str, object]]:
    """Yield the row of a product, with the SKUs of its variants."""
    ranges = product.get("price_range")
    least = first_of(ranges, "minimum_price", "maximum_price") if isinstance(ranges, dict) else None
    images = [
        first_of(image, "url") for name in ("image", "media_gallery") for image in objects_in(product.get(name), "url")
    ]
    options = {
        str(option.get("label")): ", ".join(names_of(option.get("values"), "label"))
        for option in objects_in(product.get("configurable_options"))
    }
    variants = [variant.get("product") for variant in objects_in(product.get("variants"))]
    categories = sorted(objects_in(product.get("categories")), key=lambda found: int(str(found.get("level") or 0)))
    yield {
        **options,
        "sku": product.get("sku"),
        "name": product.get("name"),
        "product_type": product.get("__typename"),
        "categories": categories[-1].get("name") if categories else None,
        "price": first_of(least, "regular_price", "final_price") if isinstance(least, dict) else None,
        **gallery(images),
        "is_in_stock": product.get("stock_status"),
        "description": product.get("description"),
        "short_description": product.get("short_description"),
        "url": product.get("canonical_url"),
        "Variant SKU": [variant.get("sku") for variant in variants if isinstance(variant, dict)],
    }


def is_primary(entry: Product) -> bool:
    """Return whether an image is the one of lists and of the product's page."""
    types = entry.get("types")
    return isinstance(types, list) and "image" in types


def gallery(images: list[object]) -> dict[str, object]:
    first, *further = dict.fromkeys(images or [None])
    return {"base_image": first, "additional_images": further}
