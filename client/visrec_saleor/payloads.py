"""Products and orders as Saleor sends them, and as VisRec takes them."""

from collections.abc import Mapping
from typing import Any

from visrec_saleor.settings import Settings

PRODUCTS = {"product_created", "product_updated", "product_variant_out_of_stock", "product_variant_back_in_stock"}
DELETED = "product_deleted"
ORDERS = {"order_confirmed", "order_fully_paid"}
NOT_BOUGHT = {"DRAFT", "UNCONFIRMED", "EXPIRED", "CANCELED"}  # states of orders
MOST_IMAGES = 100  # of a product in VisRec

Payload = Mapping[str, Any]


def product_in(payload: Payload) -> Payload:
    """Return the product that a payload is about. Raises KeyError."""
    product: Payload = payload["product"] if "product" in payload else payload["productVariant"]["product"]
    return product


def product_row(product: Payload, settings: Settings) -> dict[str, Any] | None:
    """Return a product for `products/batch/`, or None if the channel does not show it or it has no category or price.

    Its SKU is Saleor's id, which stays when its slug changes.
    """
    listings = [each for each in product["channelListings"] or [] if each["channel"]["slug"] == settings.channel]
    shown = next((each for each in listings if each["isPublished"] and price_of(each)), None)
    if shown is None or not product["category"]:
        return None
    price = price_of(shown)
    row = {
        "sku": product["id"],
        "title": product["name"],
        "category": product["category"]["name"],
        "price": str(price["amount"]),
        "currency": price["currency"],
        "in_stock": any((variant["quantityAvailable"] or 0) > 0 for variant in product["variants"] or []),
        "attributes": {each["attribute"]["name"]: text for each in product["attributes"] if (text := values_of(each))},
    }
    images = dict.fromkeys(media["url"] for media in product["media"] or [] if media["type"] == "IMAGE")
    if images:
        row["image_urls"] = list(images)[:MOST_IMAGES]
    if settings.page:
        row["url"] = settings.page.format(slug=product["slug"], id=product["id"])
    return row


def price_of(listing: Payload) -> Payload:
    """Return amount and currency of the least price in a channel; empty if it has none."""
    found: Any = listing["pricing"]
    for name in ("priceRange", "start", "gross"):
        found = found and found[name]
    return found or {}


def values_of(attribute: Payload) -> str:
    return ", ".join(value["name"] for value in attribute["values"] if value["name"])


def purchases(order: Payload) -> list[dict[str, Any]]:
    """Return the lines of an order for `interactions/`. Both events of an order have the same ids and count once."""
    who = {"user": order["user"]["id"]} if order["user"] else {"session": order["id"]}
    products = {
        line["id"]: line["variant"]["product"]["id"]
        for line in order["lines"]
        if line["variant"]  # it was deleted since
    }
    return [
        {"sku": product, "kind": "purchase", "id": line, "timestamp": order["created"], **who}
        for line, product in products.items()
    ]
