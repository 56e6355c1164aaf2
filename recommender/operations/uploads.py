"""Uploads: how soon images are findable by their looks, and what is not findable, and why."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import cachetools
from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from catalog import downloads, readings
from catalog.listing import NUMBERED
from catalog.models import ImageDownload, Product, ProductImage
from catalog.rows import Sql, fetch
from recommender import broker
from recommender.models import ImageEmbedding, Role
from recommender.versions.queries import active_version

FRESH_SECONDS = 60  # for which figures that are counted over many rows are told again
NEWEST = 1000  # images by which the time from upload to findable is told
MOST_OVER_TIME = 20_000  # the same, over time
MOST_PROBLEMS = 5  # that are named

UPLOADS = """
    SELECT count(*), percentile_disc(ARRAY[0.5, 0.95]) WITHIN GROUP (
        ORDER BY extract(epoch FROM e.created_at - i.created_at)
    )
    FROM (SELECT id, created_at FROM catalog_productimage ORDER BY id DESC LIMIT %s) i
    JOIN recommender_imageembedding e ON e.image_id = i.id AND e.version_id = %s
    WHERE i.created_at > %s
"""


# By the version that served when an image was uploaded: of what was embedded later nobody waited for the vectors.
FINDABLE = """
    WITH served AS (
        SELECT version_id, at, lead(at, 1, 'infinity') OVER (ORDER BY at, id) AS until
        FROM recommender_activation WHERE role = 'similar' AND at IS NOT NULL
    )
    SELECT date_trunc(%s, i.created_at, 'UTC'), count(*), percentile_disc(ARRAY[0.5, 0.95]) WITHIN GROUP (
        ORDER BY extract(epoch FROM e.created_at - i.created_at)
    )
    FROM (SELECT id, created_at FROM catalog_productimage ORDER BY id DESC LIMIT %s) i
    JOIN served s ON i.created_at >= s.at AND i.created_at < s.until
    JOIN recommender_imageembedding e ON e.image_id = i.id AND e.version_id = s.version_id
    WHERE i.created_at >= %s GROUP BY 1 ORDER BY 1
"""


@dataclass(frozen=True)
class Unfindable:
    """Numbers of products that no search by looks finds, by reason, and of pictures that are left out."""

    reasons: list[tuple[str, int]]  # of products, those with any alone
    problems: list[tuple[str, int]]  # of pictures that cannot be read, the most frequent first
    unreadable: int
    unfetched: int  # URLs that are not tried any more


@dataclass(frozen=True)
class Uploads:
    """Seconds from upload to findable of the newest images, and what is not findable."""

    images: int
    median: float | None
    p95: float | None
    waiting: int
    unfindable: Unfindable


def active_embeddings() -> QuerySet[ImageEmbedding]:
    """Return the embeddings by the similarity version that is active now."""
    version = active_version(Role.SIMILAR)  # by its id: with a join PostgreSQL would read all embeddings
    return ImageEmbedding.objects.filter(version=version.pk if version else None).order_by()


def waiting() -> list[int]:
    """Return the ids of products that are not findable, of the newest NUMBERED of them.

    PostgreSQL compares two indexes for it, once for all that a page shows of the list.
    """
    findable = active_embeddings().values_list("product")
    without = Product.objects.order_by().values_list("pk", flat=True).difference(findable)
    return list(without.order_by("-pk")[:NUMBERED])


@cachetools.cached(cachetools.TTLCache(1, FRESH_SECONDS), lock=threading.Lock())
def uploads() -> Uploads:
    """Return how long uploads took until they were findable since the active version serves, and what is not."""
    version = active_version(Role.SIMILAR)
    since = (version.activated_at or version.created_at) if version else timezone.now()
    [(images, seconds)] = fetch(Sql(UPLOADS, (NEWEST, version.pk if version else 0, since)))
    median, p95 = map(float, seconds) if seconds else (None, None)
    return Uploads(images, median, p95, len(waiting()), unfindable())


def findable_over_time(step: str, since: datetime) -> Sequence[tuple[datetime, int, list[float]]]:
    """Return the number of uploads by hour or day (outcomes.STEPS), and in what seconds half and 95 % were findable."""
    rows = fetch(Sql(FINDABLE, (step, MOST_OVER_TIME, since)))
    return [(at, images, [float(each) for each in seconds]) for at, images, seconds in rows]


def unfindable() -> Unfindable:
    """Count what is not findable, and why."""
    of_product = ProductImage.objects.filter(product=OuterRef("pk"))
    awaited = ImageDownload.objects.filter(product=OuterRef("pk"), retry_at__isnull=False)
    products = Product.objects.filter(pk__in=waiting()).annotate(
        is_readable=Exists(of_product.readable()), has_image=Exists(of_product), is_awaited=Exists(awaited)
    )
    counts = products.aggregate(
        worker=Count("pk", filter=Q(is_readable=True)),
        unreadable=Count("pk", filter=Q(has_image=True, is_readable=False)),
        fetched=Count("pk", filter=Q(has_image=False, is_awaited=True)),
        bare=Count("pk", filter=Q(has_image=False, is_awaited=False)),
    )
    reasons = {
        "wait for a worker": counts["worker"],
        "have no picture that can be read": counts["unreadable"],
        "wait for a picture that is fetched by its URL": counts["fetched"],
        "have no picture": counts["bare"],
    }
    unreadable = ProductImage.objects.unreadable().order_by()
    problems = unreadable.values_list("problem").annotate(count=Count("pk")).order_by("-count", "problem")
    return Unfindable(
        [(reason, count) for reason, count in reasons.items() if count],
        list(problems[:MOST_PROBLEMS]),
        unreadable.count(),
        ImageDownload.objects.filter(retry_at=None).count(),
    )


def try_all_again() -> int:
    """Send to the workers again what could not be read or fetched; return how many pictures that are."""
    images = readings.try_again(ProductImage.objects.unreadable())
    broker.queue_embedding(images)
    return len(images) + downloads.try_again()
