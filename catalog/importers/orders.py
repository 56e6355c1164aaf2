"""Exports of orders: Shopify's CSV, with a row for each line of an order, and WooCommerce's REST API."""

import re
from collections.abc import Iterator, Mapping, Sequence

from catalog.importers.layouts import by_plain_name
from catalog.models import Kind

Fields = Mapping[str, object]  # of an event, by our names
OFFSET = re.compile(r" (?=[+-]\d{4}$)")  # 2026-01-02 12:00:00 -0500


class ShopifyOrders:
    """Orders as Shopify's admin exports them; a shopper is the e-mail address, as there is nothing else."""

    name = "Shopify's orders"
    columns = ("name", "email", "created at", "lineitem sku")

    def __init__(self, named: Mapping[str, str]) -> None:
        self.order, self.email, self.time, self.sku = (named[column] for column in self.columns)

    def read(self, record: Fields) -> Iterator[Fields | str]:
        order, email, sku = (str(record.get(column) or "").strip() for column in (self.order, self.email, self.sku))
        yield {
            "user": email.lower(),
            "session": f"order {order}",
            "sku": sku,
            "kind": Kind.PURCHASE,
            "timestamp": OFFSET.sub("", str(record.get(self.time) or "")),
            "id": f"{order}/{sku}",
        }


class WooCommerceOrders:
    """Orders of WooCommerce's REST API, `wc/v3/orders`, as it responds; an account is a shopper, else a guest."""

    name = "WooCommerce's orders"
    columns = ("customer id", "date created gmt", "line items", "status")
    bought = frozenset({"processing", "completed", "on-hold"})

    def read(self, record: Fields) -> Iterator[Fields | str]:
        order, status, customer = record.get("id"), str(record.get("status")), record.get("customer_id")
        if status not in self.bought:
            yield f"orders that are {status}:"
            return
        lines = record.get("line_items")
        for line in lines if isinstance(lines, list) else []:
            is_simple = line.get("sku") and not line.get("variation_id")
            yield {
                "user": customer or None,
                "session": f"order {order}",
                "sku": line["sku"] if is_simple else f"id:{line.get('product_id')}",
                "kind": Kind.PURCHASE,
                "timestamp": record.get("date_created_gmt"),
                "id": f"{order}/{line.get('id')}",
            }


def orders_of(columns: Sequence[str]) -> ShopifyOrders | WooCommerceOrders | None:
    """Return the reader of an export with these columns, if it is one of orders."""
    named = by_plain_name(columns)
    if named.keys() >= set(ShopifyOrders.columns):
        return ShopifyOrders(named)
    return WooCommerceOrders() if named.keys() >= set(WooCommerceOrders.columns) else None
