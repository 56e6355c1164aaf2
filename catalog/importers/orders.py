"""Exports of orders of shops and of markets. Orders that are cancelled, refunded or not paid are no purchases."""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Protocol

from catalog.errors import BadRow
from catalog.importers.etsy import sku_of_title
from catalog.importers.json_objects import first_of, objects_in
from catalog.importers.layouts import by_plain_name
from catalog.importers.order_states import NO_PIECES, against_any, is_zero
from catalog.models import Kind

Fields = Mapping[str, object]  # of an event, by our names
CANCELLED = "cancelled"
RETURNED = "lines that were cancelled or refunded:"
# Of BigCommerce: Product ID: 77, Product Qty: 1, Product SKU: A-1, Product Name: Towel|Product ID: 78, …
PRODUCTS = re.compile(r"\s*\|\s*(?=Product ID:)")
DETAIL = re.compile(r"Product (ID|Qty|SKU|Name): (.*?)(?=, Product [A-Z][\w ]*:|\Z)", re.DOTALL)
OFFSET = re.compile(r" (?=[+-]\d{4}$)")  # 2026-01-02 12:00:00 -0500


class Orders(Protocol):
    name: str

    def read(self, record: Fields) -> Iterator[Fields | str]:
        """Yield the purchases of a record, or what it is if it is none, with a colon for its number."""


class ShopifyOrders:
    """Orders as Shopify's admin exports them; a shopper is the e-mail address, as there is nothing else."""

    name = "Shopify's orders"
    columns = ("name", "email", "created at", "lineitem sku")

    def __init__(self, named: Mapping[str, str]) -> None:
        self.order, self.email, self.time, self.sku = (named[column] for column in self.columns)
        self.cancelled_at, self.status = named.get("cancelled at", ""), named.get("financial status", "")
        self.pieces, self.title = named.get("lineitem quantity", ""), named.get("lineitem name", "")
        self.ended, self.why = "", ""  # the last such order, and its state: only its first row says so

    def read(self, record: Fields) -> Iterator[Fields | str]:
        order, email, sku = (text_of(record, column) for column in (self.order, self.email, self.sku))
        if why := CANCELLED if record.get(self.cancelled_at) else against_any([record.get(self.status)]):
            self.ended, self.why = order, why
        if order and order == self.ended:
            yield f"lines of orders that are {self.why}:"
            return
        if is_zero(record.get(self.pieces)):
            yield NO_PIECES
            return
        if not sku:
            raise without_sku(text_of(record, self.title))
        yield {
            "user": email.lower(),
            "session": f"order {order}",
            "sku": sku,
            "kind": Kind.PURCHASE,
            "timestamp": OFFSET.sub("", str(record.get(self.time) or "")),
            "id": f"{order}/{sku}",
        }


class AmazonOrders:
    """Orders as Amazon reports them to sellers; without the buyer's e-mail address each is a guest's."""

    name = "Amazon's orders"
    columns = ("amazon order id", "purchase date", "order status", "sku")

    def __init__(self, named: Mapping[str, str]) -> None:
        self.order, self.time, self.status, self.sku = (named[column] for column in self.columns)
        self.item_status, self.email = named.get("item status", ""), named.get("buyer email", "")
        self.line, self.pieces = named.get("order item id", ""), named.get("quantity", "")

    def read(self, record: Fields) -> Iterator[Fields | str]:
        order, sku = text_of(record, self.order), text_of(record, self.sku)
        if why := against_any([record.get(self.status), record.get(self.item_status)]):
            yield f"lines of orders that are {why}:"
            return
        if is_zero(record.get(self.pieces)):
            yield NO_PIECES
            return
        yield {
            "user": text_of(record, self.email).lower(),
            "session": f"order {order}",
            "sku": sku,
            "kind": Kind.PURCHASE,
            "timestamp": record.get(self.time),
            "id": f"{order}/{text_of(record, self.line) or sku}",
        }


class EtsyOrders:
    """Items that were sold, as Etsy exports them: EtsySoldOrderItems.csv. Its dates have the month first."""

    name = "Etsy's orders"
    columns = ("sale date", "item name", "buyer", "transaction id", "order id")

    def __init__(self, named: Mapping[str, str]) -> None:
        self.time, self.title, self.buyer, self.line, self.order = (named[column] for column in self.columns)
        self.sku, self.paid, self.status, self.pieces = (
            named.get(name, "") for name in ("sku", "date paid", "status", "quantity")
        )

    def read(self, record: Fields) -> Iterator[Fields | str]:
        why = against_any([record.get(self.status)])
        if self.paid and not record.get(self.paid):
            why = why or "not paid"
        if why:
            yield f"lines of orders that are {why}:"
            return
        if is_zero(record.get(self.pieces)):
            yield NO_PIECES
            return
        yield {
            "user": text_of(record, self.buyer),
            "session": f"order {text_of(record, self.order)}",
            "sku": text_of(record, self.sku) or sku_of_title(text_of(record, self.title)),
            "kind": Kind.PURCHASE,
            "timestamp": month_first(text_of(record, self.time)),
            "id": f"{text_of(record, self.order)}/{text_of(record, self.line)}",
        }


class BigCommerceOrders:
    """Orders as BigCommerce exports them, a row each: what was bought is packed into one column, product by product."""

    name = "BigCommerce's orders"
    columns = ("order id", "order date", "product details")

    def __init__(self, named: Mapping[str, str]) -> None:
        self.order, self.time, self.details = (named[column] for column in self.columns)
        self.status, self.email, self.customer = (
            named.get(name, "") for name in ("order status", "customer email", "customer id")
        )

    def read(self, record: Fields) -> Iterator[Fields | str]:
        order = text_of(record, self.order)
        if why := against_any([record.get(self.status)]):
            yield f"orders that are {why}:"
            return
        without = list[str]()
        for number, text in enumerate(PRODUCTS.split(text_of(record, self.details)), 1):
            line = {name.lower(): value.strip() for name, value in DETAIL.findall(text)}
            if is_zero(line.get("qty")):
                yield NO_PIECES
                continue
            if not line.get("sku"):
                without.append(line.get("name") or text[:40])
                continue
            yield {
                "user": text_of(record, self.email).lower() or text_of(record, self.customer),
                "session": f"order {order}",
                "sku": line["sku"],
                "kind": Kind.PURCHASE,
                "timestamp": record.get(self.time),
                "id": f"{order}/{number}",
            }
        if without:  # once the other lines are out
            raise without_sku(", ".join(without), "BigCommerce")


class WooCommerceOrders:
    """Orders of WooCommerce's REST API, `wc/v3/orders`, as it responds; an account is a shopper, else a guest."""

    name = "WooCommerce's orders"
    columns = ("customer id", "date created gmt", "line items", "status")

    def read(self, record: Fields) -> Iterator[Fields | str]:
        order, customer = record.get("id"), record.get("customer_id")
        if why := against_any([record.get("status")]):
            yield f"orders that are {why}:"
            return
        for line in objects_in(record.get("line_items")):
            if is_zero(line.get("quantity")):
                yield NO_PIECES
                continue
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
        if why := CANCELLED if record.get("cancelled_at") else against_any([record.get("financial_status")]):
            yield f"orders that are {why}:"
            return
        order, without = record.get("name") or record.get("id"), list[str]()
        for line in objects_in(record.get("line_items")):
            if line.get("current_quantity") == 0:
                yield RETURNED
                continue
            if is_zero(line.get("quantity")):
                yield NO_PIECES
                continue
            if not line.get("sku"):
                without.append(str(line.get("name") or line.get("title") or ""))
                continue
            yield {
                "user": str(record.get("email") or "").lower(),
                "session": f"order {order}",
                "sku": line["sku"],
                "kind": Kind.PURCHASE,
                "timestamp": record.get("created_at"),
                "id": f"{order}/{line['sku']}",
            }
        if without:  # once the other lines are out
            raise without_sku(", ".join(without))


class MagentoOrders:
    """Orders of Magento's REST API; an account is a shopper, else a guest. A variant has no line but its product's.

    Closed orders are those whose money was given back.
    """

    name = "Magento's orders"
    columns = frozenset({"increment_id", "items", "created_at"})

    def read(self, record: Fields) -> Iterator[Fields | str]:
        order, status = record.get("increment_id"), record.get("status")
        if why := "closed (refunded)" if status == "closed" else against_any([status]):
            yield f"orders that are {why}:"
            return
        for line in objects_in(record.get("items")):
            if line.get("parent_item_id") or line.get("parent_item"):
                continue
            if is_returned(line) or is_zero(line.get("qty_ordered")):
                yield NO_PIECES if is_zero(line.get("qty_ordered")) else RETURNED
                continue
            yield {
                "user": record.get("customer_id"),
                "session": f"order {order}",
                "sku": line.get("sku"),
                "kind": Kind.PURCHASE,
                "timestamp": record.get("created_at"),
                "id": f"{order}/{line.get('item_id')}",
            }


class PrestaShopOrders:
    """Orders of PrestaShop's web service as JSON; `valid` says whether an order is paid and not cancelled."""

    name = "PrestaShop's orders"
    columns = frozenset({"current_state", "associations", "date_add", "id_customer"})
    states = {"6": "cancelled", "7": "refunded", "8": "payment error"}  # of each shop; further ones are its own

    def read(self, record: Fields) -> Iterator[Fields | str]:
        order, state = record.get("reference") or record.get("id"), str(record.get("current_state"))
        if state in self.states or str(record.get("valid", "1")) != "1":
            yield f"orders that are {self.states.get(state, 'not paid')}:"
            return
        held = record.get("associations")
        for line in objects_in(held.get("order_rows") if isinstance(held, dict) else None):
            if is_zero(line.get("product_quantity")):
                yield NO_PIECES
                continue
            customer = str(record.get("id_customer") or "")
            yield {
                "user": "" if customer == "0" else customer,
                "session": f"order {order}",
                "sku": first_of(line, "product_reference", "product_id"),
                "kind": Kind.PURCHASE,
                "timestamp": record.get("date_add"),
                "id": f"{order}/{line.get('id')}",
            }


def orders_of(columns: Sequence[str]) -> Orders | None:
    """Return the reader of an export with these columns, if it is one of orders."""
    named = by_plain_name(columns)
    for table in (ShopifyOrders, AmazonOrders, EtsyOrders, BigCommerceOrders):
        if named.keys() >= set(table.columns):
            found: Orders = table(named)
            return found
    if named.keys() >= set(WooCommerceOrders.columns):
        return WooCommerceOrders()
    for interface in (ShopifyOrdersJson, MagentoOrders, PrestaShopOrders):
        if interface.columns <= set(columns):
            return interface()
    return None


def text_of(record: Fields, column: str) -> str:
    return str(record.get(column) or "").strip()


def without_sku(title: str, program: str = "Shopify") -> BadRow:
    """Return the error of a line of orders that names its product by nothing else."""
    return BadRow(
        f"sku: the line {title!r} of the order has none: give its variant a SKU in {program}, then export and import "
        "the products and the orders anew"
    )


def is_returned(line: Fields) -> bool:
    """Return whether nothing is left of a line of Magento's."""
    ordered, *taken = (line.get(name) or 0 for name in ("qty_ordered", "qty_refunded", "qty_canceled"))
    numbers = [number for number in (ordered, *taken) if isinstance(number, int | float)]
    return len(numbers) == 3 and 0 < numbers[0] <= numbers[1] + numbers[2]


def month_first(text: str) -> str:
    """Return a date such as 12/31/26 in ISO's order; any other text as it is."""
    for form in ("%m/%d/%y", "%m/%d/%Y"):
        with suppress(ValueError):
            return datetime.strptime(text, form).date().isoformat()
    return text
