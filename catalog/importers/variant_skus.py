"""Events of variants, which count for their products: by the variant's SKU, or by the product's id in its program."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cached_property

from django.db.models import Q

from catalog.interactions import Event
from catalog.models import Product
from catalog.variants import VARIANT_SKU

VARIANT_SKUS = (VARIANT_SKU, "SKU", "sku")  # attributes that imports make of the SKUs of variants
ID = "ID"  # the attribute of WooCommerce's ids; events have it as id:10, as its export does


class VariantSkus:
    """Products by the SKUs of their variants. They are read once, when an event names a product that is not there."""

    def __init__(self) -> None:
        self.number = 0  # of the events that were resolved

    def resolve(self, events: Sequence[Event]) -> list[Event]:
        """Return the events with the SKUs of their products; those of unknown ones as they are."""
        skus = {event.sku for event in events}
        unknown = skus - set(Product.objects.filter(sku__in=skus).values_list("sku", flat=True))
        found = {sku: self.products[sku] for sku in unknown if self.products.get(sku)} if unknown else {}
        self.number += sum(event.sku in found for event in events)
        return [replace(event, sku=found[event.sku]) if event.sku in found else event for event in events]

    @cached_property
    def products(self) -> dict[str, str]:
        """Return the SKUs of products by those of their variants; an empty one where several products have it."""
        found: dict[str, str] = {}
        for key, sku in self.pairs():
            found[key] = sku if found.get(key, sku) == sku else ""
        return found

    def pairs(self) -> Iterator[tuple[str, str]]:
        has_any = Q(attributes__has_any_keys=[*VARIANT_SKUS, ID])
        for sku, attributes in Product.objects.filter(has_any).values_list("sku", "attributes").iterator():
            if isinstance(attributes, dict):  # a list of texts may have these names as well
                yield from ((key, sku) for name in VARIANT_SKUS for key in split(attributes.get(name)))
                yield from ((f"id:{key}", sku) for key in split(attributes.get(ID)))


def split(text: object) -> Iterable[str]:
    """Return the values of an attribute, which imports join with commas."""
    return filter(None, (part.strip() for part in str(text or "").split(",")))
