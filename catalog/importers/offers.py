"""Offers of Yandex's feeds (YML), whose categories stand apart and whose variants are offers of one group."""

import json
from collections.abc import Iterable, Iterator, Mapping
from tempfile import TemporaryFile
from typing import TypeAlias

from catalog.errors import BadRow
from catalog.importers.rows import Problem

Entry: TypeAlias = tuple[str, Mapping[str, str]] | Problem  # place, row

MARK, GROUP = "categoryId", "group_id"  # of an offer
RUBLES = {"RUR": "RUB"}
MOST_CATEGORIES = 100_000
MOST_NAME = 200  # characters of a category
MOST_DEEP = 20
# What is said by other columns, or to no shopper: how it is sent, taxed and stored.
TAKEN = {
    "id", "group_id", "name", "typePrefix", "model", "categoryId", "currencyId", "price", "picture", "available",
    "type", "url", "vendor", "bid", "cbid", "fee", "delivery", "pickup", "store", "local_delivery_cost", "sales_notes",
    "manufacturer_warranty", "vat", "oldprice", "price_old", "purchase_price", "enable_auto_discounts", "disabled",
    "adult", "downloadable", "weight", "dimensions", "min-quantity", "step-quantity", "expiry", "credit-template id",
}  # fmt: skip


class Categories:
    """Names of a feed's categories by their ids."""

    def __init__(self) -> None:
        self.found: dict[str, tuple[str, str]] = {}  # id: name, parent's id

    def add(self, attributes: Mapping[str, str], name: str) -> None:
        if "id" in attributes and len(self.found) < MOST_CATEGORIES:
            parent = attributes.get("parentId") or attributes.get("parentID") or ""
            self.found[attributes["id"]] = name.strip()[:MOST_NAME], parent

    def path(self, key: str) -> str:
        """Return the names of a category and of those above it. Raises BadRow for one that is not there."""
        if key not in self.found:
            raise BadRow(f'category: the feed has no <category id="{key}">: add it, or mend the categoryId')
        names: list[str] = []
        while key in self.found and len(names) < MOST_DEEP:
            name, key = self.found[key]
            names.insert(0, name)
        return " > ".join(names)


def row_of(offer: Mapping[str, str], categories: Categories) -> dict[str, str]:
    """Return the row of an offer, of those of one group with the SKU of the group. Raises BadRow."""
    name = offer.get("name") or " ".join(filter(None, (offer.get(key) for key in ("typePrefix", "vendor", "model"))))
    group, currency = offer.get(GROUP, ""), offer.get("currencyId", "")
    own = {
        "sku": group or offer.get("id", ""),
        "Variant SKU": offer.get("id", "") if group else "",
        "title": name,
        "category": categories.path(offer[MARK].split(",")[0].strip()),
        "price": offer.get("price", ""),
        "currency": RUBLES.get(currency, currency),
        "image": offer.get("picture", ""),
        "in_stock": offer.get("available", ""),
        "url": offer.get("url", ""),
        "brand": offer.get("vendor", ""),
    }
    others = {key: text for key, text in offer.items() if key not in TAKEN and not key.startswith("delivery-options")}
    return {key: text for key, text in own.items() if text} | others


class Groups:
    """Groups of offers, of which those that do not stand together are told when the feed is read first."""

    def __init__(self) -> None:
        self.seen: set[str] = set()
        self.scattered: set[str] = set()
        self.last = ""

    def note(self, group: str) -> None:
        """Count the group of the next offer as seen; as scattered if others stand between."""
        if group and group != self.last and group in self.seen:
            self.scattered.add(group)
        self.seen.add(group)
        self.last = group

    def gather(self, entries: Iterable[tuple[str, Entry]]) -> Iterator[Entry]:
        """Yield the rows with those of each group together: of groups that do not stand so, at the end.

        The latter wait in a file. In each group the first row alone has a title, as variants may have their own.
        """
        last, places = "", dict[str, list[int]]()
        with TemporaryFile() as waiting:
            for group, entry in entries:
                if group in self.scattered and not isinstance(entry, Problem):
                    places.setdefault(group, []).append(waiting.tell())
                    waiting.write(json.dumps(entry).encode() + b"\n")
                else:
                    yield without_title(entry) if group and group == last else entry
                    last = group
            for starts in places.values():
                for start in starts:
                    waiting.seek(start)
                    place, row = json.loads(waiting.readline())
                    yield (place, row) if start == starts[0] else without_title((place, row))


def without_title(entry: Entry) -> Entry:
    return entry if isinstance(entry, Problem) else (entry[0], {**entry[1], "title": ""})
