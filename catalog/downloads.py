"""Images fetched by their URLs, one after another; the rows of ImageDownload are what is to be done. Workers only."""

import logging
import time
from collections.abc import Sequence
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from catalog import fetching, files, images, locks, products
from catalog.errors import FetchFailed, FetchRefused, UnreadableImage
from catalog.models import ImageDownload, Product, ProductImage

log = logging.getLogger(__name__)

SECONDS = 8  # in which one run begins new ones: a sweep waits behind it
TRIES = 6
PAUSE = timedelta(minutes=1)  # before the second try; each further pause is four times as long


def run() -> bool:
    """Store images from their URLs for a few seconds; return whether more are due."""
    until = time.monotonic() + SECONDS
    while time.monotonic() < until:
        download = claim()
        if download is None:
            return False
        fetch(download)
    return is_due()


def is_due() -> bool:
    return ImageDownload.objects.filter(retry_at__lte=timezone.now()).exists()


@transaction.atomic
def claim() -> ImageDownload | None:
    """Return the download that is due for longest, and plan its next try; None if none is due.

    So nobody else begins it for a while, and it is not lost with this process.
    """
    due = ImageDownload.objects.filter(retry_at__lte=timezone.now()).order_by("retry_at", "pk")
    download = due.select_for_update(skip_locked=True).first()
    if download:
        download.tries += 1
        download.retry_at = timezone.now() + PAUSE * 4 ** (download.tries - 1) if download.tries < TRIES else None
        download.save(update_fields=["tries", "retry_at"])
    return download


def fetch(download: ImageDownload) -> None:
    """Store the image at a URL, or the reason why there is none."""
    try:
        image = images.read_image(fetching.fetch(download.url, settings.MAX_IMAGE_BYTES))
    except FetchFailed as error:
        note(download, error)
    except (FetchRefused, UnreadableImage) as error:
        ImageDownload.objects.filter(pk=download.pk).update(retry_at=None)
        note(download, error)
    else:
        store(download, image)


def note(download: ImageDownload, error: Exception) -> None:
    log.warning("%s is not stored: %s", download, error)
    ImageDownload.objects.filter(pk=download.pk).update(problem=str(error))


def store(download: ImageDownload, image: images.DecodedImage) -> None:
    """Store the image, unless the product is gone or another one was requested meanwhile."""
    try:
        with files.stored([image]) as rows:
            settle(download, rows)
    except Product.DoesNotExist as error:
        log.info("%s is not stored: %s", download, error)


@locks.atomic
def settle(download: ImageDownload, rows: Sequence[ProductImage]) -> None:
    product = Product(pk=download.product_id)
    products.lock(product)
    if not ImageDownload.objects.filter(pk=download.pk).delete()[0]:
        return
    if download.position is not None:
        rows[0].source = download.url
        products.insert_row(product, rows[0], download.position)
    elif download.is_primary:
        products.replace_primary_row(product, rows[0])
    else:
        products.append_rows(product, rows)
