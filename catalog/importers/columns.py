"""Columns as other programs call them, and what the shop takes them for."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence

from catalog.importers.layouts import apart, by_plain_name, layout_of, plain

# For each of ours what it is called elsewhere, the surest first. Our own name goes before all of them.
PRODUCTS: Mapping[str, Sequence[str]] = {
    "sku": ("variant sku", "article id", "reference", "item number", "product code", "item id", "id", "product id"),
    "title": ("name", "product name", "product title", "prod name", "item name"),
    "category": (
        "categories", "product type", "google product category", "type", "product category", "product type name",
        "article type",
    ),
    "price": ("regular price", "variant price", "unit price", "sale price"),
    "image": (
        "images", "image url", "image urls", "image link", "image src", "base image", "main image", "primary image",
        "front image", "image front", "image 1", "image1", "image url 1", "picture", "pictures", "picture 1", "photo",
        "photos", "photo 1", "image file", "image path", "filename",
    ),
    "currency": ("currency code", "price currency"),
    "in_stock": (
        "in stock", "availability", "stock", "quantity", "qty", "stock quantity", "variant inventory qty",
        "is in stock", "inventory",
    ),
    "url": ("link", "product url", "product link", "permalink", "product page", "page url"),
}  # fmt: skip
EVENTS: Mapping[str, Sequence[str]] = {
    "user": ("user id", "userid", "customer id", "customer", "visitor id", "visitorid", "reviewer id", "uid"),
    "session": ("session id", "sessionid", "guest", "guest id", "user session", "visit id"),
    "sku": (
        "item id", "itemid", "product id", "article id", "parent asin", "asin", "product", "item", "product sku",
    ),
    "kind": ("event", "event type", "event name", "type", "action", "behavior", "behaviour type", "interaction"),
    "timestamp": (
        "time", "datetime", "date", "event time", "event timestamp", "created at", "occurred at", "ts", "t dat",
        "unixtime",
    ),
    "id": ("event id", "transaction id", "order id"),
    "is_verified": (),
    "rating": ("stars", "score", "value", "overall"),
}  # fmt: skip

# What else a column of products can be chosen for: several can be chosen for one of these.
MEANINGS: Mapping[str, str] = {
    "images": "further images", "hidden": "hidden", "visible": "visible", "attribute": "attribute",
    "ignore": "left out",
}  # fmt: skip

EVENT_MEANINGS: Mapping[str, str] = {"ignore": "left out"}

# Columns of images that follow the first one, as `plain` returns their names.
_NOUN = r"(?:image|picture|photo|img)s?(?: (?:link|url|src|file|path)s?)?"
FURTHER_IMAGES = re.compile(
    rf"(?:additional|further|other|more|extra|alternat\w+|second|back|rear|side|detail|variant|gallery|hover) {_NOUN}"
    rf"|{_NOUN} ?(?:\d+|back|rear|side|detail)|(?:media |image )?gallery"
)


def find_columns(columns: Sequence[str], synonyms: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Return, for each of our columns that is there, what it is called here."""
    named = by_plain_name(columns)
    layout = layout_of(columns) if synonyms is PRODUCTS else None
    found: dict[str, str] = {}
    for ours, others in synonyms.items():
        known = layout.columns.get(ours, []) if layout else []
        for name in (*known, plain(ours), *others):
            if name in named and named[name] not in found.values():
                found[ours] = named[name]
                break
    return found


def find_further_images(columns: Iterable[str], taken: Collection[str]) -> list[str]:
    """Return the columns with further images, without those that are taken for something else."""
    return [column for column in columns if column not in taken and is_further_image(column)]


def is_further_image(column: str) -> bool:
    """Return whether a column has images that follow the first one."""
    return bool(FURTHER_IMAGES.fullmatch(plain(column)) or FURTHER_IMAGES.fullmatch(plain(apart(column))))


def currency_in(column: str) -> str | None:
    """Return the currency in the name of a column: Price (EUR)."""
    code = re.search(r"\(([A-Z]{3})\)", column)
    return code[1] if code else None
