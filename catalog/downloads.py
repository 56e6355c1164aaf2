"""Images fetched by their URLs; the rows of ImageDownload are what is to be done.

Workers fetch them one after another. A command fetches all of them at once, where no worker runs.
"""

import logging
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from tqdm import tqdm

from catalog import fetching, files, images, locks, products
from catalog.errors import FetchFailed, FetchRefused, UnreadableImage
from catalog.models import ImageDownload, Product, ProductImage

log = logging.getLogger(__name__)

SECONDS = 8  # in which one run begins new ones: a sweep waits behind it
TRIES = 6
PAUSE = timedelta(minutes=1)  # before the second try; each further pause is four times as long
TOGETHER = 4  # requests of a command at a time


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


def run_all(*, progress: bool = False) -> str:
    """Store each image without a worker, trying once, also those that failed for good; return what became of them."""
    ImageDownload.objects.update(retry_at=timezone.now(), tries=0)
    total = ImageDownload.objects.count()
    stored = sum(tqdm(attempts(), total=total, unit=" images", disable=not progress))
    lost = ImageDownload.objects.order_by("pk").first()
    return f"{stored} image{'' if stored == 1 else 's'} fetched" + (
        f", {total - stored} not, such as {lost.url}: {lost.problem}" if lost else ""
    )


def attempts() -> Iterator[bool]:
    """Read and store each image that was not tried yet, several at a time; yield whether it is stored."""
    with ThreadPoolExecutor(TOGETHER) as pool:
        while batch := list(filter(None, (claim(is_first=True) for _ in range(TOGETHER)))):
            for download, image in zip(batch, pool.map(read, batch), strict=True):
                yield finish(download, image)


def try_again() -> int:
    """Count the URLs that are not tried any more as due again; return how many they are."""
    return ImageDownload.objects.filter(retry_at=None).update(retry_at=timezone.now(), tries=0)


@transaction.atomic
def claim(*, is_first: bool = False) -> ImageDownload | None:
    """Return the download that is due for longest, and plan its next try; None if none is due.

    So nobody else begins it for a while, and it is not lost with this process. is_first: only one without a try.
    """
    due = ImageDownload.objects.filter(retry_at__lte=timezone.now()).order_by("retry_at", "pk")
    if is_first:
        due = due.filter(tries=0)
    download = due.select_for_update(skip_locked=True).first()
    if download:
        download.tries += 1
        download.retry_at = timezone.now() + PAUSE * 4 ** (download.tries - 1) if download.tries < TRIES else None
        download.save(update_fields=["tries", "retry_at"])
    return download


def fetch(download: ImageDownload) -> None:
    """Store the image at a URL, or the reason why there is none."""
    finish(download, read(download))


def read(download: ImageDownload) -> images.DecodedImage | FetchFailed | FetchRefused | UnreadableImage:
    """Return the image at a URL, or why there is none. Uses no database, so that threads may read."""
    try:
        return images.read_image(fetching.fetch(download.url, settings.MAX_IMAGE_BYTES))
    except (FetchFailed, FetchRefused, UnreadableImage) as error:
        return error


def finish(download: ImageDownload, image: images.DecodedImage | Exception) -> bool:
    """Store an image that was fetched, or the reason why there is none; return which it was."""
    if isinstance(image, images.DecodedImage):
        store(download, image)
        return True
    if not isinstance(image, FetchFailed):  # which another time may work
        ImageDownload.objects.filter(pk=download.pk).update(retry_at=None)
    note(download, image)
    return False


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
