"""Products of Shopify's interfaces as rows of its export: products.json of each storefront, REST and GraphQL."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from itertools import zip_longest

from catalog.importers.json_objects import Product, first_of, names_of, objects_in

MARKS = frozenset({"handle", "variants"})


def rows_of(product: Product) -> Iterator[Mapping[str, object]]:
    """Yield a row for each variant or image of a product, the first with its title."""
    handle, options = {"Handle": product.get("handle")}, names_of(product.get("options"))
    images = [first_of(image, "src", "url", "originalSrc") for image in objects_in(product.get("images"), "src")]
    images = images or [first_of(image, "src", "url") for image in objects_in(product.get("image"), "src")]
    # The script products/HANDLE.js has hundredths in place of texts, and only that has this field.
    cents = -2 if "price_min" in product else 0
    own = {**handle, **described(product)}
    for variant, image in zip_longest(objects_in(product.get("variants"), "sku"), images):
        yield {**own, "Image Src": image, **(sold(variant, options, cents) if variant else {})}
        own = handle


def described(product: Product) -> dict[str, object]:
    """Return what is said of the product itself."""
    is_published = "published_at" not in product or product["published_at"] is not None
    return {
        "Title": product.get("title"),
        "Body (HTML)": first_of(product, "body_html", "descriptionHtml", "description"),
        "Vendor": product.get("vendor"),
        "Type": first_of(product, "product_type", "productType", "type"),
        "Tags": product.get("tags"),
        "URL": product.get("onlineStoreUrl"),
        "Published": is_published,
        "Status": product.get("status"),
    }


def sold(variant: Product, options: list[str], cents: int) -> dict[str, object]:
    """Return what is said of a variant. options: their names; cents: the exponent of a price that is a number."""
    price = variant.get("price")
    if cents and isinstance(price, int):
        price = str(Decimal(price).scaleb(cents))
    row = {"Variant SKU": variant.get("sku"), "Variant Price": price, "Variant Inventory Qty": stock_of(variant)}
    chosen = {first_of(option, "name"): option.get("value") for option in objects_in(variant.get("selectedOptions"))}
    chosen = chosen or {name: variant.get(f"option{number}") for number, name in enumerate(options, 1)}
    for number, (name, value) in enumerate(chosen.items(), 1):
        row |= {f"Option{number} Name": name, f"Option{number} Value": value}
    return row


def stock_of(variant: Product) -> object:
    """Return whether a variant can be bought, or how many pieces there are; None if it does not say."""
    available = first_of(variant, "available", "availableForSale")
    if available is not None:
        return available
    is_counted = variant.get("inventory_management") and variant.get("inventory_policy") != "continue"
    return variant.get("inventory_quantity") if is_counted or "inventory_management" not in variant else True
