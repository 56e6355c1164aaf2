"""URLs of images that products are to get: noted here, fetched by catalog.downloads."""

from collections.abc import Iterable, Mapping

from django.utils import timezone

from catalog import bulk_insert
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
    for row in ImageDownload.objects.filter(product__in=list(products), position__isnull=False):
        found.setdefault(row.product_id, {})[row.position or 0] = row.url
    return found


def note_numbered(urls: Mapping[int, Mapping[int, str]]) -> None:
    """Store URLs by the ids of their products and by position, in place of former ones that came in this way.

    One that is stored already goes on as it is; one that was given up is tried anew.
    """
    former = ImageDownload.objects.filter(product__in=list(urls), position__isnull=False)
    same = {
        (row.product_id, row.position): row for row in former if (row.position, row.url) in urls[row.product_id].items()
    }
    former.exclude(pk__in=[row.pk for row in same.values()]).delete()
    new = [
        ImageDownload(product_id=product, url=url, is_primary=position == 0, position=position)
        for product, numbered in urls.items()
        for position, url in numbered.items()
        if (product, position) not in same
    ]
    forget_primary([row.product_id for row in new if row.is_primary])
    bulk_insert.insert(new)
    given_up = [row.pk for row in same.values() if row.retry_at is None]
    ImageDownload.objects.filter(pk__in=given_up).update(retry_at=timezone.now(), tries=0)
    if new or given_up:
        downloads_requested.send(sender=ImageDownload)


def forget_primary(products: Mapping[int, object] | list[int]) -> None:
    """Delete the URLs of primary images that have come, or are superseded."""
    ImageDownload.objects.filter(product__in=list(products), is_primary=True).delete()
