"""Figures of the shop as a whole for /metrics: outcomes, uploads, queues, workers, versions and their indexes.

Each web server counts its requests itself; these figures are read from the database, the broker and the cache, so that
each server tells the same. Sum them over servers by `max`, not by `sum`.
"""

import threading
from collections.abc import Iterator
from datetime import timedelta

import cachetools
from django.db import OperationalError
from django.utils import timezone
from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import generate_latest
from prometheus_client.registry import Collector

from recommender.audits import recall
from recommender.models import LIVE, ModelVersion, State
from recommender.operations import queues, uploads
from recommender.serving import outcomes, photo_counts
from recommender.versions import queries
from recommender.versions.vectors import nearest

FRESH_SECONDS = 60  # for which outcomes, which are counted over many rows, are told again
DAY = timedelta(days=1)


class ShopCollector(Collector):
    """The shop's figures as gauges. A part that cannot be reached has none."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        database = GaugeMetricFamily("visrec_database_up", "Whether the database answers.")
        try:
            families = [*outcome_gauges(), *upload_gauges(), *photo_gauges(), version_gauge(), *index_gauges()]
        except OperationalError:
            families = []
        database.add_metric([], float(bool(families)))
        yield database
        yield from families
        yield from queue_gauges()


def render() -> bytes:
    """Return the figures in Prometheus' text format."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(ShopCollector())
    return generate_latest(registry)


def outcome_gauges() -> Iterator[GaugeMetricFamily]:
    """Yield how many recommendations were seen in the last 24 hours, and how many of them led to what."""
    labels = list(outcomes.DIMENSIONS)
    seen = GaugeMetricFamily("visrec_recommendations_seen", "Recommendations seen in the last 24 hours.", labels=labels)
    followed = GaugeMetricFamily(
        "visrec_recommendations_followed",
        "Recommendations seen in the last 24 hours after which visitors did something.",
        labels=[*labels, "outcome"],
    )
    for group in last_day():
        values = ["" if group.group[name] is None else str(group.group[name]) for name in labels]
        seen.add_metric(values, group.recommendations)
        for kind, rate in group.rates.items():
            followed.add_metric([*values, kind], rate.count)
    yield from (seen, followed)


@cachetools.cached(cachetools.TTLCache(1, FRESH_SECONDS), lock=threading.Lock())
def last_day() -> list[outcomes.Outcome]:
    """Return the outcomes of the last 24 hours by placement, strategy and version."""
    return outcomes.by(outcomes.DIMENSIONS, timezone.now() - DAY)


def upload_gauges() -> Iterator[GaugeMetricFamily]:
    """Yield how long the newest uploads took until they were findable, and what is not findable."""
    found = uploads.uploads()
    seconds = GaugeMetricFamily(
        "visrec_upload_to_findable_seconds",
        "Seconds from upload to findable of the newest images since the active version serves.",
        labels=["quantile"],
    )
    for quantile, value in (("0.5", found.median), ("0.95", found.p95)):
        if value is not None:
            seconds.add_metric([quantile], value)
    yield seconds
    yield GaugeMetricFamily("visrec_products_not_findable", "Products that wait for an embedding.", found.waiting)
    yield GaugeMetricFamily(
        "visrec_images_unreadable", "Images that were set aside as unreadable.", found.unfindable.unreadable
    )


def photo_gauges() -> Iterator[GaugeMetricFamily]:
    """Yield how many searches by photo there were in the last 24 hours, and how many found no good match."""
    rate = photo_counts.unmatched_since(timezone.now() - DAY)
    searches, unmatched = (rate.of, rate.count) if rate else (0, 0)
    yield GaugeMetricFamily("visrec_photo_searches", "Searches by photo in the last 24 hours.", searches)
    yield GaugeMetricFamily("visrec_photo_searches_unmatched", "Those of them without a good match.", unmatched)


def version_gauge() -> GaugeMetricFamily:
    """Return the versions that serve, are in training or wait for it, each as 1."""
    gauge = GaugeMetricFamily(
        "visrec_version", "Versions that serve or are in training.", labels=["role", "method", "version", "state"]
    )
    for version in ModelVersion.objects.filter(state__in=[State.ACTIVE, *LIVE]).order_by("pk"):
        gauge.add_metric([version.role, version.method, str(version.pk), version.state], 1)
    return gauge


def index_gauges() -> Iterator[GaugeMetricFamily]:
    """Yield the recall of the versions that serve, of how many sampled requests, and how they are searched."""
    labels = ["version", "filters"]
    found = GaugeMetricFamily("visrec_index_recall", "Share of the nearest products that answers had.", labels=labels)
    checked = GaugeMetricFamily("visrec_index_requests", "Requests that the recall is measured by.", labels=labels)
    walked = GaugeMetricFamily(
        "visrec_index_candidates",
        "Candidates that a walk of the index keeps. 0: all vectors are compared.",
        labels=["version"],
    )
    for version in queries.serving_versions().order_by("pk"):
        walked.add_metric([str(version.pk)], 0 if version.ef_search == 0 else nearest.ef_search(version))
        for part in recall.of(version):
            found.add_metric([str(version.pk), part.filters], part.value)
            checked.add_metric([str(version.pk), part.filters], part.requests)
    yield from (found, checked, walked)


def queue_gauges() -> Iterator[GaugeMetricFamily]:
    """Yield the length of each queue, the age of its oldest message, and whether its worker is alive."""
    waiting = GaugeMetricFamily("visrec_queue_messages", "Messages that wait in a queue.", labels=["queue"])
    oldest = GaugeMetricFamily("visrec_queue_oldest_seconds", "Age of a queue's oldest message.", labels=["queue"])
    alive = GaugeMetricFamily("visrec_worker_up", "Whether a queue's worker has a heartbeat.", labels=["queue"])
    for queue in queues.queues():
        waiting.add_metric([queue.name], queue.waiting)
        oldest.add_metric([queue.name], queue.oldest or 0)
        alive.add_metric([queue.name], float(queue.worker == "ok"))
    yield from (waiting, oldest, alive)
