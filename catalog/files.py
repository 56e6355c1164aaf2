"""Files of product images: stored before their rows, deleted after them, and removed where no row names them."""

import logging
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta

from django import db
from django.conf import settings
from django.core.files.storage import default_storage
from django.utils import timezone

from catalog.images import DecodedImage, file_hash
from catalog.locks import is_deadlock
from catalog.models import ProductImage, image_name, thumbnail_name

log = logging.getLogger(__name__)

SHARDS = [f"{number:02x}" for number in range(256)]  # folders of image_name, thumbnail_name and of designs
NAME = re.compile(r"[0-9a-f]{24}(-\d+)?\.\w+")  # what image_name, thumbnail_name and rendition_name give
RENDITION = re.compile(r"-\d+(?=\.webp$)")  # what rendition_name adds
AGE = timedelta(days=1)  # of files that are removed: the row of a younger one may be about to be written


@contextmanager
def stored(images: Sequence[DecodedImage]) -> Iterator[list[ProductImage]]:
    """Store the files of images, and yield a row for each, which the block gives its product and its position.

    If the block fails, the files are deleted, as are those of rows that it does not save. A transaction that saves the
    rows begins within the block, and ends there.
    """
    rows = [build_row(image) for image in images]
    try:
        for row, image in zip(rows, images, strict=True):
            store(row, image)
        yield rows
    except Exception as error:
        if is_rolled_back(error):
            delete(rows)
        raise
    delete([row for row in rows if row.pk is None])


def build_row(image: DecodedImage) -> ProductImage:
    """Build a row that is not saved, with the names under which its files are not yet stored."""
    row = ProductImage()
    # The names go in with the sizes: a file assigned later would be opened and parsed, only to be measured.
    return ProductImage(
        file=image_name(row, image.file_name),
        thumbnail=thumbnail_name(row, "thumbnail.webp") if image.renditions else "",
        largest_rendition=max(set(image.renditions) - {settings.THUMBNAIL_PIXELS}, default=0),
        width=image.width,
        height=image.height,
        content_hash=image.content_hash,
        file_hash=image.file_hash,
        fingerprint=image.fingerprint,
    )


def store(row: ProductImage, image: DecodedImage) -> None:
    default_storage.save(row.file.name, image.file)
    files = image.rendition_files
    for side, name in row.renditions.items():
        default_storage.save(name, files[side])


def is_rolled_back(error: Exception) -> bool:
    """Return whether nothing of a transaction that ended with this error is in the database.

    When the connection breaks during the commit nobody knows; then the rows may be there, and need their files.
    """
    return not isinstance(error, db.Error) or isinstance(error, db.IntegrityError) or is_deadlock(error)


def is_lost(image: ProductImage) -> bool:
    """Return whether the file of an image is missing, or was set aside and is not what was stored."""
    name = image.file.name or ""
    try:
        if image.problem_since is None:
            return not default_storage.exists(name)
        with default_storage.open(name) as file:
            return file_hash(file.read()) != image.file_hash
    except OSError:
        return True


def delete(images: Iterable[ProductImage]) -> None:
    """Delete the files of images; one that cannot be deleted now is removed later, as no row names it."""
    for image in images:
        for name in (image.file.name, *image.renditions.values()):
            try:
                if name:
                    default_storage.delete(name)
            except OSError as error:
                log.warning("%s is not deleted: %s", name, error)


def remove_unnamed(shard: str) -> int:
    """Remove files of product images that are a day old and that no row names, of one of SHARDS; return how many."""
    images, renditions = old_files(f"products/{shard}"), old_files(f"thumbnails/{shard}")
    images -= set(ProductImage.objects.filter(file__in=images).values_list("file", flat=True))
    thumbnails = {name: RENDITION.sub("", name) for name in renditions}
    named = set(ProductImage.objects.filter(thumbnail__in=thumbnails.values()).values_list("thumbnail", flat=True))
    unnamed = images | {name for name, thumbnail in thumbnails.items() if thumbnail not in named}
    for name in sorted(unnamed):
        log.warning("%s is removed: no product has it", name)
        default_storage.delete(name)
    return len(unnamed)


def old_files(folder: str) -> set[str]:
    """Return the names of the image files in a folder that are older than AGE."""
    if not default_storage.exists(folder):
        return set()
    names = {f"{folder}/{name}" for name in default_storage.listdir(folder)[1] if NAME.fullmatch(name)}
    return {name for name in names if is_old(name)}


def is_old(name: str) -> bool:
    """Return whether a file or folder was last changed longer than AGE ago; False if it is gone."""
    try:
        changed: datetime = default_storage.get_modified_time(name)
    except FileNotFoundError:
        return False
    return timezone.now() - changed > AGE
