"""Retirement of what has left its source: such products are hidden, not deleted, and shown again if they come back."""

from collections.abc import Collection
from dataclasses import dataclass, field

from django.db.models import QuerySet
from django.utils import timezone

from catalog import products
from catalog.importers.wording import counted
from catalog.models import Product

BATCH = 1000
MOST = 0.5  # of the shown products: a source that lacks more is taken for an incomplete one


@dataclass(frozen=True)
class Retirement:
    """Outcome of a retirement: products shown again and hidden, and why nothing was hidden if so."""

    shown: int
    hidden: int
    reason: str = ""
    is_share: bool = False  # the reason is that the source lacks too many, which somebody may confirm

    def __str__(self) -> str:
        if self.reason:
            return f"{self.shown:,} shown again; nothing was hidden: {self.reason}"
        return f"{self.shown:,} shown again, {self.hidden:,} hidden, as the source does not name them"


@dataclass
class Named:
    """SKUs that a source names; shown: those of rows that do not hide their product. unknown: rows without a SKU."""

    skus: set[str] = field(default_factory=set)
    shown: set[str] = field(default_factory=set)
    unknown: int = 0


def retire(named: Named, *, dry_run: bool, most: float = MOST) -> Retirement:
    """Mark products that a source does not name as hidden, and show those that it names again.

    most: the share, 0 to 1, of the products that visitors see.
    Nothing is hidden after a source that may be incomplete: it names nothing, has rows whose SKU cannot be read, or
    lacks more than this share.
    """
    back = show_again(named, dry_run=dry_run)
    total = Product.objects.visible().count()
    gone = ids_of(Product.objects.visible().values_list("pk", "sku"), named.skus, within=False)
    if reason := reason_against(named):
        return Retirement(back, 0, reason)
    if len(gone) > most * total:
        lacking = f"the source lacks {len(gone):,} of {total:,} product{'' if total == 1 else 's'}"
        return Retirement(back, 0, lacking, is_share=True)
    if not dry_run:
        for batch in batches(gone):
            found = Product.objects.filter(pk__in=batch)
            products.hide(found)
            found.update(retired_at=timezone.now())
    return Retirement(back, len(gone))


def show_again(named: Named, *, dry_run: bool) -> int:
    """Show the retired products that a source names, and return how many."""
    back = ids_of(Product.objects.exclude(retired_at=None).values_list("pk", "sku"), named.shown, within=True)
    if not dry_run:
        for batch in batches(back):
            found = Product.objects.filter(pk__in=batch)
            products.show(found)
            found.update(retired_at=None)
    return len(back)


def reason_against(named: Named) -> str:
    """Return why the source cannot be taken for all of the shop; empty if it can."""
    if not named.skus:
        return "the source names no product"
    if named.unknown:
        return counted(named.unknown, "row has no SKU that can be read", "rows have no SKU that can be read")
    return ""


def ids_of(rows: QuerySet[Product, tuple[int, str]], skus: Collection[str], *, within: bool) -> list[int]:
    """Return the ids of the products whose SKU is among these, or is not."""
    return [pk for pk, sku in rows.iterator(chunk_size=BATCH) if (sku in skus) == within]


def batches(ids: list[int]) -> list[list[int]]:
    return [ids[start : start + BATCH] for start in range(0, len(ids), BATCH)]
