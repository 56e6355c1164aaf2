"""Readings of images' files: an image that cannot be read, or that kills who reads it, is set aside with the reason.

A reading is recorded before it begins and forgotten when it ends. If its process dies, the record stays, and from then
on the image is a suspect: it is read apart from others, so that none is lost with it.
"""

import logging
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta

import pglock
from django.db import connection
from django.db.models import F, QuerySet
from django.utils import timezone

from catalog.models import ImageReading, ProductImage

log = logging.getLogger(__name__)

TRIES = 3
SOONEST_RETRY, LATEST_RETRY = timedelta(minutes=1), timedelta(days=1)
ABANDONED = timedelta(minutes=1)  # a reading takes a second or so


def begin(image_ids: Collection[int]) -> set[int]:
    """Record readings that begin now, and return the ids of these images.

    Without those that are being read already, or whose readers died.
    """
    # If a crash of the database loses the record, an image is read in company once more. So no reader waits for a disk.
    with connection.cursor() as cursor:
        cursor.execute(
            "SET LOCAL synchronous_commit = off;"
            " INSERT INTO catalog_imagereading (image_id, tries, began_at) SELECT unnest(%s::bigint[]), 1, now()"
            " ON CONFLICT DO NOTHING RETURNING image_id",
            [sorted(image_ids)],
        )
        return {image_id for (image_id,) in cursor.fetchall()}


def end(image_ids: Collection[int]) -> None:
    """Record that readings have ended, with whatever outcome. Outside of transactions, as nobody waits for a disk."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SET LOCAL synchronous_commit = off; DELETE FROM catalog_imagereading WHERE image_id = ANY(%s)",
            [list(image_ids)],
        )


@contextmanager
def alone(image_id: int) -> Iterator[bool]:
    """Record one more reading of an image, which the block is to read alone; yield False if it must not be read.

    It must not while another block reads it, and no more after TRIES readings that did not end: it is set aside then.
    """
    # The database releases the lock when the process dies.
    with pglock.advisory(f"catalog.readings.{image_id}", timeout=0) as is_free:
        try:
            yield is_free and _count(image_id)
        except BaseException:  # an error, or a stop: the process lives
            end([image_id])
            raise


def _count(image_id: int) -> bool:
    reading, is_first = ImageReading.objects.get_or_create(image_id=image_id, defaults={"tries": 1})
    if reading.tries >= TRIES:
        set_aside({image_id: f"cannot be read: {TRIES} processes that read it died"})
        end([image_id])
        return False
    if not is_first:
        ImageReading.objects.filter(image_id=image_id).update(tries=F("tries") + 1)
    return True


def unfinished(image_ids: Collection[int]) -> set[int]:
    """Return those of these images that are being read now, or whose readers died."""
    found = ImageReading.objects.filter(image_id__in=image_ids) if image_ids else ImageReading.objects.none()
    return set(found.values_list("image_id", flat=True))


def abandoned(limit: int) -> list[int]:
    """Return the ids of up to `limit` images whose reading began so long ago that its process must have died.

    One that begins in the future began before the clock was set back.
    """
    now = timezone.now()
    found = ImageReading.objects.exclude(began_at__range=(now - ABANDONED, now + ABANDONED)).order_by("began_at")
    return list(found.values_list("image_id", flat=True)[:limit])


def set_aside(problems: Mapping[int, str]) -> None:
    """Set images aside, by id, with what is wrong with each; nothing waits for them.

    The sweep tries them again, first after a minute, then whenever as much time has passed once more.
    """
    now = timezone.now()
    for image in ProductImage.objects.filter(pk__in=problems):
        problem, since = problems[image.pk], image.problem_since or now
        log.error("%s is set aside: it %s", image, problem)
        pause = min(max(now - since, SOONEST_RETRY), LATEST_RETRY)
        ProductImage.objects.filter(pk=image.pk).update(problem=problem, problem_since=since, retry_at=now + pause)


def due(limit: int) -> list[int]:
    """Return the ids of up to `limit` images that were set aside and are to be tried again now."""
    found = ProductImage.objects.unreadable().filter(retry_at__lte=timezone.now()).order_by("retry_at")
    return list(found.values_list("pk", flat=True)[:limit])


def try_again(images: QuerySet[ProductImage]) -> list[int]:
    """Count images that were set aside as readable again, to be read apart; return their ids."""
    ids = list(images.exclude(problem="").order_by("pk").values_list("pk", flat=True))
    ImageReading.objects.filter(image_id__in=ids).delete()
    readings = [ImageReading(image_id=pk, tries=0) for pk in ids]
    ImageReading.objects.bulk_create(readings, ignore_conflicts=True)
    ProductImage.objects.filter(pk__in=ids).update(problem="", retry_at=None)
    return ids


def forget_problems(image_ids: Collection[int]) -> None:
    """Record that images were read, unless they were set aside, whatever was wrong with them before."""
    read = ProductImage.objects.filter(pk__in=image_ids, problem="", problem_since__isnull=False)
    read.update(problem_since=None)
