"""Exports of web analytics, whose records have several events: Google Analytics 4, Matomo, Segment and its like."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

from catalog.errors import BadRow
from catalog.importers.columns import find_columns
from catalog.importers.events import BY_NAME, plain_kind
from catalog.models import Kind

Fields = Mapping[str, object]  # of an event, by our names


class Analytics(Protocol):
    name: str

    def read(self, record: Fields) -> Iterator[Fields | str]:
        """Yield the events of a record, or the name of what is none of a product. Raises BadRow."""


class Ga4:
    """Events of Google Analytics 4, as BigQuery exports them: an event has items, or as CSV a row for each item."""

    name = "Google Analytics 4's events"
    kinds = {
        "view_item": Kind.VIEW, "select_item": Kind.CLICK, "add_to_wishlist": Kind.LIKE, "add_to_cart": Kind.CART,
        "purchase": Kind.PURCHASE,
    }  # fmt: skip
    columns = {
        "user": ("user id",), "visitor": ("user pseudo id",), "kind": ("event name",), "time": ("event timestamp",),
        "sku": ("item id", "items item id"), "items": (), "order": ("transaction id", "ecommerce transaction id"),
    }  # fmt: skip

    def __init__(self, columns: Sequence[str]) -> None:
        self.found = find_columns(columns, self.columns)

    def read(self, record: Fields) -> Iterator[Fields | str]:
        values = {name: record.get(column) for name, column in self.found.items()}
        name = str(values["kind"])
        if name not in self.kinds:
            yield name
            return
        items = items_of(values["items"]) if "items" in values else [{"item_id": values.get("sku")}]
        order = values.get("order") or in_object(record.get("ecommerce"), "transaction_id")
        for item in items:
            sku = item.get("item_id")
            yield {
                "user": values.get("user") or values.get("visitor"),
                "sku": sku,
                "kind": self.kinds[name],
                "timestamp": values["time"],
                "id": f"{order}/{sku}" if order and sku and name == "purchase" else None,
            }


class Matomo:
    """Visits of Matomo, as its method Live.getLastVisitsDetails responds: each with its actions."""

    name = "Matomo's visits"
    kinds = {"ecommerceOrder": Kind.PURCHASE, "ecommerceAbandonedCart": Kind.CART}

    def read(self, record: Fields) -> Iterator[Fields | str]:
        user = record.get("userId") or record.get("visitorId")
        for action in objects_in(record.get("actionDetails"), "actionDetails"):
            name, order = str(action.get("type")), action.get("orderId")
            event = {"user": user, "timestamp": action.get("timestamp")}
            if kind := self.kinds.get(name):
                for item in objects_in(action.get("itemDetails"), "itemDetails"):
                    sku = item.get("itemSKU")
                    yield event | {"sku": sku, "kind": kind, "id": f"{order}/{sku}" if order and sku else None}
            elif sku := product_viewed(action):
                yield event | {"sku": sku, "kind": Kind.VIEW}
            else:
                yield name


class Segment:
    """Events as Segment, Rudderstack, Mixpanel and Amplitude export them: a name, and properties with products."""

    name = "Segment's, Mixpanel's or Amplitude's events"
    named, held = ("event", "event_type"), ("properties", "event_properties")

    def read(self, record: Fields) -> Iterator[Fields | str]:
        name = str(first_in(record, *self.named) or record.get("type"))
        kind = BY_NAME.get(plain_kind(name))
        held = first_in(record, *self.held)
        properties = held if isinstance(held, dict) else {}
        if kind is None:
            yield name
            return
        products = properties.get("products")
        identity = first_in(record, "messageId", "insert_id") or properties.get("$insert_id")
        for item in objects_in(products, "products") if products else [properties]:
            sku = first_in(item, "sku", "product_id", "id")
            yield {
                "user": first_in(record, "userId", "user_id") or properties.get("distinct_id"),
                "session": first_in(record, "anonymousId", "device_id"),
                "sku": sku,
                "kind": kind,
                "timestamp": first_in(record, "timestamp", "originalTimestamp", "event_time") or properties.get("time"),
                "id": f"{identity}/{sku}" if identity and products else identity,
            }


def first_in(record: Fields, *names: str) -> object:
    return next((record[name] for name in names if record.get(name)), None)


def analytics_of(columns: Sequence[str]) -> Analytics | None:
    """Return the reader of an export with these columns, if it is one of analytics."""
    if {"actionDetails", "visitorId"} <= set(columns):
        return Matomo()
    if any({name, held} <= set(columns) for name, held in zip(Segment.named, Segment.held, strict=True)):
        return Segment()
    ga4 = Ga4(columns)
    is_ga4 = {"kind", "time", "visitor"} <= ga4.found.keys() and ga4.found.keys() & {"items", "sku"}
    return ga4 if is_ga4 else None


def product_viewed(action: Fields) -> object:
    """Return the SKU of a product's page, which Matomo before version 4 kept in a variable of the page; else None."""
    variables = action.get("customVariables")
    for variable in variables.values() if isinstance(variables, dict) else ():
        if isinstance(variable, dict) and "_pks" in variable.values():
            return next((value for name, value in variable.items() if "Value" in name), None)
    return action.get("productViewSku")


def items_of(value: object) -> list[dict[str, object]]:
    """Return the items of an event: objects, or in a CSV their JSON. Raises BadRow."""
    try:
        found = json.loads(value or "[]") if isinstance(value, str) else value
    except (ValueError, RecursionError) as error:
        raise BadRow(f"items: {str(value)[:100]!r} is not JSON: {error}") from None
    return objects_in(found, "items")


def objects_in(value: object, name: str) -> list[dict[str, object]]:
    """Return a list of objects. Raises BadRow for anything else, and for an empty list."""
    if not isinstance(value, list) or not value or not all(isinstance(one, dict) for one in value):
        raise BadRow(f"{name}: it is no list of objects, or an empty one")
    return value


def in_object(value: object, name: str) -> object:
    return value.get(name) if isinstance(value, dict) else None
