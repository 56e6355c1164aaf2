"""URLs of images that products are to get: noted here, fetched by catalog.downloads."""

from collections.abc import Mapping

from catalog.models import ImageDownload, Product
from catalog.signals import downloads_requested


def note_primary(urls: Mapping[int, str]) -> None:
    """Store the URLs of primary images by the ids of their products, in place of former ones."""
    if not urls:
        return
    forget_primary(urls)
    ImageDownload.objects.bulk_create(
        ImageDownload(product_id=product, url=url, is_primary=True) for product, url in urls.items()
    )
    downloads_requested.send(sender=ImageDownload)


def note_further(product: Product, url: str) -> None:
    """Store the URL of an image that becomes the last one of a product."""
    ImageDownload.objects.create(product=product, url=url, is_primary=False)
    downloads_requested.send(sender=ImageDownload)


def forget_primary(products: Mapping[int, object] | list[int]) -> None:
    """Delete the URLs of primary images that have come, or are superseded."""
    ImageDownload.objects.filter(product__in=list(products), is_primary=True).delete()
