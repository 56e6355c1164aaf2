"""Retirement of what has left its source: such products are hidden, not deleted, and shown again if they come back."""

from collections.abc import Collection
from dataclasses import dataclass, field

from django.db.models import QuerySet
from django.utils import timezone

from catalog import products
from catalog.models import Product

BATCH = 1000
MOST = 0.5  # of the shown products: a source that lacks more is taken for an incomplete one


@dataclass
class Named:
    """SKUs that a source names; shown: those of rows that do not hide their product. unknown: rows without a SKU."""

    skus: set[str] = field(default_factory=set)
    shown: set[str] = field(default_factory=set)
    unknown: int = 0


def retire(named: Named, *, dry_run: bool) -> str:
    """Mark products that a source does not name as hidden, and show those that it names again; return what was done.

    Nothing is hidden after a source that may be incomplete: it names nothing, has rows whose SKU cannot be read, or
    lacks more than MOST of the products that visitors see.
    """
    back = ids_of(Product.objects.exclude(retired_at=None).values_list("pk", "sku"), named.shown, within=True)
    if not dry_run:
        for batch in batches(back):
            found = Product.objects.filter(pk__in=batch)
            products.show(found)
            found.update(retired_at=None)
    total = Product.objects.visible().count()
    gone = ids_of(Product.objects.visible().values_list("pk", "sku"), named.skus, within=False)
    reason = reason_against(named, len(gone), total)
    if reason:
        return f"{len(back):,} shown again; nothing was hidden: {reason}"
    if not dry_run:
        for batch in batches(gone):
            found = Product.objects.filter(pk__in=batch)
            products.hide(found)
            found.update(retired_at=timezone.now())
    return f"{len(back):,} shown again, {len(gone):,} hidden, as the source does not name them"


def reason_against(named: Named, gone: int, total: int) -> str:
    """Return why the source may be incomplete; empty if it is not."""
    if not named.skus:
        return "the source names no product"
    if named.unknown:
        return f"{named.unknown:,} rows have no SKU that can be read"
    if gone > MOST * total:
        return f"the source lacks {gone:,} of {total:,} products"
    return ""


def ids_of(rows: QuerySet[Product, tuple[int, str]], skus: Collection[str], *, within: bool) -> list[int]:
    """Return the ids of the products whose SKU is among these, or is not."""
    return [pk for pk, sku in rows.iterator(chunk_size=BATCH) if (sku in skus) == within]


def batches(ids: list[int]) -> list[list[int]]:
    return [ids[start : start + BATCH] for start in range(0, len(ids), BATCH)]
