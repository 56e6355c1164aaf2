"""Periodic sweep, every half minute: finds in the database what a lost broker or worker left undone."""

from catalog import products
from recommender import broker, leases
from recommender.designs import lifecycle as designs
from recommender.models import LIVE, ModelVersion
from recommender.serving import popularity
from recommender.versions import lifecycle as versions
from recommender.versions import queries

MOST = 20_000  # images queued again a sweep; the next one finds the rest
MOST_FINGERPRINTS = 500  # a sweep: two seconds or so, that an upload may have to wait


def sweep() -> None:
    """Count popularity, queue work that was missed, add missing fingerprints and expire old designs."""
    popularity.count()
    queue_missing_embeddings()
    resume_trainings()
    products.add_missing_fingerprints(MOST_FINGERPRINTS)
    designs.resend_unclaimed()
    designs.expire()


def queue_missing_embeddings() -> None:
    """Queue the images that some version has still to embed."""
    missing: set[int] = set()
    for version in queries.servable_versions():
        missing.update(queries.images_without_embedding(version).values_list("pk", flat=True)[:MOST])
    broker.queue_embedding(sorted(missing))


def resume_trainings() -> None:
    """Send trainings without a lease to the workers again; mark those that were started by hand as interrupted.

    Their message or their worker was lost, or they were killed by hand.
    """
    for version in ModelVersion.objects.filter(leases.is_free(), state__in=LIVE, by_worker=True):
        broker.send("train_version", version.pk)
    versions.interrupt_abandoned()
