"""URLs of images that products are to get: noted here, fetched by catalog.downloads."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from django.utils import timezone

from catalog import bulk_insert
from catalog.arrays import IsAnyOf
from catalog.models import ImageDownload, Product
from catalog.signals import downloads_requested


def note_primary(urls: Mapping[int, str]) -> None:
    """Store the URLs of primary images by the ids of their products, in place of former ones."""
    if not urls:
        return
    forget_primary(urls)
    bulk_insert.insert([ImageDownload(product_id=product, url=url, is_primary=True) for product, url in urls.items()])
    downloads_requested.send(sender=ImageDownload)


def note_further(product: Product, url: str) -> None:
    """Store the URL of an image that becomes the last one of a product."""
    ImageDownload.objects.create(product=product, url=url, is_primary=False)
    downloads_requested.send(sender=ImageDownload)


def numbered(products: Iterable[int]) -> dict[int, dict[int, str]]:
    """Return the URLs by position that imports have noted for products, by their ids."""
    found: dict[int, dict[int, str]] = {}
    for _, product, position, url, _ in numbered_rows(products):
        found.setdefault(product, {})[position or 0] = url
    return found


def numbered_rows(products: Iterable[int]) -> Iterable[tuple[int, int, int | None, str, datetime | None]]:
    """Return the id, product, position, URL and time of the next try of what `numbered` returns."""
    rows = ImageDownload.objects.filter(IsAnyOf("product_id", products), position__isnull=False)
    return rows.values_list("pk", "product_id", "position", "url", "retry_at")


def note_numbered(urls: Mapping[int, Mapping[int, str]]) -> None:
    """Store URLs by the ids of their products and by position, in place of former ones that came in this way.

    One that is stored already goes on as it is; one that was given up is tried anew.
    """
    same: set[tuple[int, int]] = set()
    superseded, given_up = [], []
    for pk, product, position, url, retry_at in numbered_rows(urls):
        if position is None or urls[product].get(position) != url:
            superseded.append(pk)
            continue
        same.add((product, position))
        if retry_at is None:
            given_up.append(pk)
    if superseded:
        ImageDownload.objects.filter(IsAnyOf("pk", superseded)).delete()
    new = [
        bulk_insert.new(ImageDownload, product_id=product, url=url, is_primary=position == 0, position=position)
        for product, numbered in urls.items()
        for position, url in numbered.items()
        if (product, position) not in same
    ]
    if new:
        forget_primary([row.product_id for row in new if row.is_primary])
        bulk_insert.insert(new)
    if given_up:
        ImageDownload.objects.filter(IsAnyOf("pk", given_up)).update(retry_at=timezone.now(), tries=0)
    if new or given_up:
        downloads_requested.send(sender=ImageDownload)


def forget_primary(products: Mapping[int, object] | list[int]) -> None:
    """Delete the URLs of primary images that have come, or are superseded."""
    ImageDownload.objects.filter(IsAnyOf("product_id", products), is_primary=True).delete()
