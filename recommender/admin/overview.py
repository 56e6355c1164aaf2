"""The first page of the admin: what shoppers do with recommendations, and whether models and workers keep up."""

import threading
from dataclasses import dataclass
from datetime import timedelta

import cachetools
from celery import current_app
from django.utils import timezone
from kombu.exceptions import OperationalError as BrokerUnavailable
from redis.exceptions import RedisError

from catalog.models import ProductImage
from catalog.rows import Sql, fetch
from recommender import broker, heartbeats
from recommender.admin import measures
from recommender.admin.products import waiting
from recommender.models import LIVE, Activation, ModelVersion, Role
from recommender.serving import outcomes
from recommender.versions import progress
from recommender.versions.queries import active_version

RANGES = {1: "24 hours", 7: "7 days", 30: "30 days"}
FRESH_SECONDS = 60  # for which figures that are counted over many rows are shown again
NEWEST = 1000  # images by which the time from upload to findable is told

UPLOADS = """
    SELECT count(*), percentile_disc(ARRAY[0.5, 0.95]) WITHIN GROUP (
        ORDER BY extract(epoch FROM e.created_at - i.created_at)
    )
    FROM (SELECT id, created_at FROM catalog_productimage ORDER BY id DESC LIMIT %s) i
    JOIN recommender_imageembedding e ON e.image_id = i.id AND e.version_id = %s
    WHERE i.created_at > %s
"""


@dataclass(frozen=True)
class Group:
    """Recommendations of one kind that were seen, and what followed, as text."""

    name: str
    recommendations: int
    results: int
    rates: list[tuple[str, str]]  # of outcomes.KINDS: number and share, and the interval of the share


@dataclass(frozen=True)
class Uploads:
    """Seconds from upload to findable of the newest images, and how many products are not findable."""

    images: int
    median: float | None
    p95: float | None
    waiting: int
    unreadable: int


@dataclass(frozen=True)
class Serving:
    """The version that serves a role."""

    role: str
    version: ModelVersion | None
    measures: str
    activation: Activation | None


@dataclass(frozen=True)
class Queue:
    """A queue of tasks and the worker that takes them."""

    name: str
    waiting: int
    oldest: float | None  # seconds
    worker: str  # "ok", or since when it has not worked


def days_of(text: str) -> int:
    """Return the days of a query parameter; a day if it is none of RANGES."""
    return int(text) if text.isascii() and text.isdecimal() and int(text) in RANGES else 1


@cachetools.cached(cachetools.TTLCache(16, FRESH_SECONDS), lock=threading.Lock())
def groups(dimensions: tuple[str, ...], days: int) -> list[Group]:
    """Return what followed on recommendations of the last days, by these of outcomes.DIMENSIONS."""
    return [_group(row) for row in outcomes.by(dimensions, timezone.now() - timedelta(days=days))]


def _group(outcome: outcomes.Outcome) -> Group:
    known = [str(value) for name, value in outcome.group.items() if name != "version" and value]
    if number := outcome.group.get("version"):
        version = ModelVersion.objects.filter(pk=number).first()
        known.append(str(version) if version else f"version {number}, deleted")
    rates = [
        (f"{rate.count} · {100 * rate.value:.1f} %", " to ".join(f"{100 * bound:.1f}" for bound in rate.interval))
        for rate in outcome.rates.values()
    ]
    return Group(", ".join(known) or "unknown", outcome.recommendations, outcome.results, rates)


@cachetools.cached(cachetools.TTLCache(1, FRESH_SECONDS), lock=threading.Lock())
def uploads() -> Uploads:
    """Return how long uploads took until they were findable since the active version serves, and what is not."""
    version = active_version(Role.SIMILAR)
    since = (version.activated_at or version.created_at) if version else timezone.now()
    [(images, seconds)] = fetch(Sql(UPLOADS, (NEWEST, version.pk if version else 0, since)))
    median, p95 = map(float, seconds) if seconds else (None, None)
    return Uploads(images, median, p95, len(waiting()), ProductImage.objects.unreadable().count())


def serving() -> list[Serving]:
    """Return what serves each role."""
    found = []
    for role in Role:
        version = active_version(role)
        last = Activation.objects.filter(role=role, version=version, at__isnull=False).first() if version else None
        found.append(Serving(role.label, version, measures.headline(version.metrics) if version else "", last))
    return found


def trainings() -> list[tuple[ModelVersion, str]]:
    """Return the versions that are in training or wait for it, with how far they are in words."""
    found = ModelVersion.objects.filter(state__in=LIVE).order_by("pk")
    return [(version, progress.describe(version)) for version in found]


def queues() -> list[Queue]:
    """Return the queues with their workers; none while the broker or the cache is away."""
    names = [queue.name for queue in current_app.conf.task_queues]
    try:
        ages = heartbeats.ages(names)
        return [
            Queue(name, broker.count_waiting(name), broker.oldest_waiting(name), heartbeats.state(ages[name]))
            for name in names
        ]
    except (BrokerUnavailable, RedisError):
        return []
