"""Offers of Yandex's feeds (YML), whose categories stand apart and whose variants are offers of one group."""

from collections.abc import Mapping

MARK = "categoryId"  # of an offer
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
        """Return the names of a category and of those above it; of one that is not there, its id."""
        names: list[str] = []
        while key in self.found and len(names) < MOST_DEEP:
            name, key = self.found[key]
            names.insert(0, name)
        return " > ".join(names) if names else f"category {key}"


def row_of(offer: Mapping[str, str], categories: Categories) -> dict[str, str]:
    """Return the row of an offer, of those of one group with the SKU of the group."""
    name = offer.get("name") or " ".join(filter(None, (offer.get(key) for key in ("typePrefix", "vendor", "model"))))
    group, currency = offer.get("group_id", ""), offer.get("currencyId", "")
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
