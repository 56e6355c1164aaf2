"""Periodic sweeps: find in the database what a lost broker or worker left undone.

Each part reads a bounded number of rows by an index, however large the shop is.
"""

import random

from django.conf import settings
from django.db.models import Max, Min

from catalog import downloads, files, products, readings, visitors, vocabulary
from catalog.models import ProductImage
from recommender import broker, leases, popularity
from recommender.audits import audit, replay
from recommender.designs import lifecycle as designs
from recommender.experiments import guard
from recommender.imports import feeds, runs, storage
from recommender.maps import making
from recommender.models import LIVE, ImageWalk, ModelVersion
from recommender.schedules import planning
from recommender.serving import impressions, photo_counts
from recommender.versions import lifecycle as versions
from recommender.versions import queries, retention
from recommender.webhooks import delivery

WINDOW = 20_000  # images looked at from one id; a walk through a million takes 50 sweeps
MOST_MESSAGES = 20  # that wait to embed images
MOST_LATER = 8  # messages a sweep for versions that do not serve
MOST_RETRIES = 100  # a sweep, of images that could not be read
MOST_SESSIONS = 5000  # a sweep
MOST_DELIVERIES = 1000  # a sweep
MOST_IMPRESSIONS = 5000  # a sweep: 14 million a day
MOST_IMPORTS = 100  # a sweep
MOST_WORDS = 100  # a sweep, of the catalogue's; a hundred thousand take eight hours
MOST_FINGERPRINTS = 500  # a sweep: two seconds or so


def sweep() -> None:
    """Queue missed images, remove what is old or left over, count popularity, check experiments and indexes."""
    resume_activations()
    # With more, those that are missing may be waiting, and would be sent again every half minute.
    waiting = broker.count_waiting("embed")
    if waiting <= MOST_MESSAGES:
        queue_missing_embeddings(waiting)
        retry_readings()
    retention.remove_old_versions()
    retention.remove_leftovers()
    designs.expire()
    popularity.count_changed()
    products.add_missing_fingerprints(MOST_FINGERPRINTS)
    if downloads.is_due():
        broker.send("download_images", priority=broker.LATER)
    if delivery.is_due():
        broker.send("deliver_webhooks", priority=broker.LATER)
    delivery.delete_old(MOST_DELIVERIES)
    visitors.delete_expired_sessions(MOST_SESSIONS)
    guard.check_due()
    impressions.delete_old(MOST_IMPRESSIONS)
    photo_counts.delete_old()
    if audit.is_due():
        broker.send("audit_indexes", priority=broker.LATER)
    audit.delete_old(MOST_IMPRESSIONS)
    replay.resend()
    making.resend()
    planning.run_due()
    remove_unnamed_files()
    feeds.start_due()
    runs.remove_sources()
    runs.delete_old(MOST_IMPORTS)
    storage.remove_unnamed(MOST_IMPORTS)
    vocabulary.forget_unused(MOST_WORDS)


def remove_unnamed_files() -> None:
    """Remove files that no row names, left by uploads that were refused or broken off.

    Of a random one of 256 folders, so that nothing need be noted: within a day hardly one is left out.
    """
    shard = random.choice(files.SHARDS)
    files.remove_unnamed(shard)
    designs.remove_unnamed(shard)


def queue_missing_embeddings(waiting: int) -> None:
    """Queue images that some version has still to embed: of the newest ones, and of those that are next in the walk.

    Of versions that do not serve only if no message is waiting, and so few that the next sweep sees past them.
    """
    windows = [window for window in (newest_window(), next_window()) if window]
    for_serving: set[int] = set()
    serving = set(queries.serving_versions())
    later = 0 if waiting else MOST_LATER
    for version in queries.servable_versions():
        for window in windows:
            images = (
                queries.images_without_embedding(version, between=window).order_by("pk").values_list("pk", flat=True)
            )
            if version in serving:
                for_serving.update(images)
            elif later:
                missing = list(images[: later * broker.EMBED_BATCH])
                for first in range(0, len(missing), broker.EMBED_BATCH):
                    batch = missing[first : first + broker.EMBED_BATCH]
                    broker.send("embed_later", version.pk, batch, priority=broker.LATER)
                    later -= 1
    broker.queue_embedding(sorted(for_serving))


def retry_readings() -> None:
    """Queue images again that were set aside and are due, and those whose readers died."""
    due = ProductImage.objects.filter(pk__in=readings.due(MOST_RETRIES))
    broker.queue_embedding(sorted({*readings.try_again(due), *readings.abandoned(MOST_RETRIES)}))


def resume_activations() -> None:
    """Send the activations that were requested to the workers again."""
    for version in ModelVersion.objects.filter(activation_requested_at__isnull=False):
        broker.send("complete_version", version.pk)


def newest_window() -> tuple[int, int] | None:
    """Return the first and the last id of the newest images; None if there are none."""
    newest = ProductImage.objects.order_by("-pk")[:WINDOW]
    bounds = newest.aggregate(first=Min("pk"), last=Max("pk"))
    return None if bounds["first"] is None else (bounds["first"], bounds["last"])


def next_window() -> tuple[int, int] | None:
    """Return the first and the last id of the images that the walk comes to next; None at its end."""
    walk, _ = ImageWalk.objects.get_or_create(pk=1)
    ids = list(ProductImage.objects.filter(pk__gt=walk.position).order_by("pk").values_list("pk", flat=True)[:WINDOW])
    ImageWalk.objects.filter(pk=walk.pk).update(position=ids[-1] if ids else 0)
    return (ids[0], ids[-1]) if ids else None


def resume() -> None:
    """Send to the workers again what nobody works on: its message or its worker was lost."""
    resume_uploads()
    resume_trainings()
    runs.resend_unclaimed()
    designs.resend_unclaimed()


def resume_uploads() -> None:
    """Queue the newest images that a version that serves has still to embed, in one message before all others.

    Whether their own messages wait or were lost nobody knows. A message for an image that is embedded takes no time.
    """
    newest: set[int] = set()
    window = newest_window()
    for version in queries.serving_versions():
        missing = queries.images_without_embedding(version, between=window)
        newest.update(missing.order_by("-pk").values_list("pk", flat=True)[: broker.EMBED_BATCH])
    if newest:
        batch = sorted(newest)[-broker.EMBED_BATCH :]
        broker.send("embed_images", batch, priority=broker.FIRST, expires=settings.RESUME_SECONDS)


def resume_trainings() -> None:
    """Send trainings without a lease to the workers again; mark those that were started by hand as interrupted.

    While messages wait for the workers none is sent: they may be for these trainings, which wait for hours.
    """
    leases.limit(ModelVersion.objects.filter(state__in=LIVE), versions.lease())
    versions.interrupt_abandoned()
    if broker.count_waiting("train"):
        return
    for version in ModelVersion.objects.filter(leases.is_free(), state__in=LIVE, by_worker=True).order_by("pk"):
        broker.send("train_version", version.pk)
