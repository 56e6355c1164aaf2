"""Finds in the database what a lost broker or worker left undone. Runs every half minute."""

from catalog import products
from recommender import broker, leases
from recommender.designs import lifecycle
from recommender.models import LIVE, ModelVersion
from recommender.serving import popularity
from recommender.versions import lifecycle as versions
from recommender.versions import queries

MOST = 20_000  # pictures queued again a sweep; the next one finds the rest
MOST_FINGERPRINTS = 500  # a sweep: two seconds or so, that an upload may have to wait


def sweep() -> None:
    popularity.count()
    embed_what_was_missed()
    train_what_was_left()
    products.add_missing_fingerprints(MOST_FINGERPRINTS)
    lifecycle.send_what_was_left()
    lifecycle.expire()


def embed_what_was_missed() -> None:
    missing: set[int] = set()
    for version in queries.servable_versions():
        missing.update(queries.images_without_embedding(version).values_list("pk", flat=True)[:MOST])
    broker.queue_embedding(sorted(missing))


def train_what_was_left() -> None:
    """Trainings that nobody answers for: their message was lost, or their worker was, or they were killed by hand."""
    for version in ModelVersion.objects.filter(leases.is_free(), state__in=LIVE):
        if version.by_worker:
            broker.send("train_version", version.pk)
        else:
            versions.release(version)
