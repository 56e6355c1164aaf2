"""Exports of orders: Shopify's CSV, with a row for each line of an order, and the REST APIs of three programs."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

from catalog.importers.json_objects import objects_in
from catalog.importers.layouts import by_plain_name
from catalog.models import Kind

Fields = Mapping[str, object]  # of an event, by our names
CANCELLED = "orders that are cancelled:"
OFFSET = re.compile(r" (?=[+-]\d{4}$)")  # 2026-01-02 12:00:00 -0500


class ShopifyOrders:
    """Orders as Shopify's admin exports them; a shopper is the e-mail address, as there is nothing else."""

    name = "Shopify's orders"
    columns = ("name", "email", "created at", "lineitem sku")

    def __init__(self, named: Mapping[str, str]) -> None:
        self.order, self.email, self.time, self.sku = (named[column] for column in self.columns)
        self.cancelled_at = named.get("cancelled at", "")
        self.cancelled = ""  # the last such order: only its first row says so

    def read(self, record: Fields) -> Iterator[Fields | str]:
        order, email, sku = (str(record.get(column) or "").strip() for column in (self.order, self.email, self.sku))
        if record.get(self.cancelled_at):
            self.cancelled = order
        if order and order == self.cancelled:
            yield CANCELLED
            return
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
        for line in objects_in(record.get("line_items")):
            is_simple = line.get("sku") and not line.get("variation_id")
            yield {
                "user": customer or None,
                "session": f"order {order}",
                "sku": line["sku"] if is_simple else f"id:{line.get('product_id')}",
                "kind": Kind.PURCHASE,
                "timestamp": record.get("date_created_gmt"),
                "id": f"{order}/{line.get('id')}",
            }


class ShopifyOrdersJson:
    """Orders of Shopify's REST Admin API; a shopper is the e-mail address, as in its export."""

    name = "Shopify's orders"
    columns = frozenset({"line_items", "created_at", "email"})

    def read(self, record: Fields) -> Iterator[Fields | str]:
        if record.get("cancelled_at"):
            yield CANCELLED
            return
        order = record.get("name") or record.get("id")
        for line in objects_in(record.get("line_items")):
            yield {
                "user": str(record.get("email") or "").lower(),
                "session": f"order {order}",
                "sku": line.get("sku") or line.get("title"),
                "kind": Kind.PURCHASE,
                "timestamp": record.get("created_at"),
                "id": f"{order}/{line.get('sku') or line.get('id')}",
            }


class MagentoOrders:
    """Orders of Magento's REST API; an account is a shopper, else a guest. A variant has no line but its product's."""

    name = "Magento's orders"
    columns = frozenset({"increment_id", "items", "created_at"})
    not_bought = frozenset({"canceled", "closed", "fraud", "pending_payment", "holded"})

    def read(self, record: Fields) -> Iterator[Fields | str]:
        order, status = record.get("increment_id"), str(record.get("status"))
        if status in self.not_bought:
            yield f"orders that are {status}:"
            return
        for line in objects_in(record.get("items")):
            if line.get("parent_item_id") or line.get("parent_item"):
                continue
            yield {
                "user": record.get("customer_id"),
                "session": f"order {order}",
                "sku": line.get("sku"),
                "kind": Kind.PURCHASE,
                "timestamp": record.get("created_at"),
                "id": f"{order}/{line.get('item_id')}",
            }


Orders: TypeAlias = ShopifyOrders | WooCommerceOrders | ShopifyOrdersJson | MagentoOrders


def orders_of(columns: Sequence[str]) -> Orders | None:
    """Return the reader of an export with these columns, if it is one of orders."""
    named = by_plain_name(columns)
    if named.keys() >= set(ShopifyOrders.columns):
        return ShopifyOrders(named)
    if named.keys() >= set(WooCommerceOrders.columns):
        return WooCommerceOrders()
    if ShopifyOrdersJson.columns <= set(columns):
        return ShopifyOrdersJson()
    return MagentoOrders() if MagentoOrders.columns <= set(columns) else None
