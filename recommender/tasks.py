"""Celery tasks: names, retries and time limits of what workers run. recommender.broker sends them by name."""

import base64
import logging
from typing import Any

from celery import current_app, shared_task
from celery.exceptions import SoftTimeLimitExceeded
from celery.signals import worker_process_init
from django.db import OperationalError

from catalog import downloads
from recommender import broker, heartbeats, maintenance
from recommender.audits import audit, replay, width
from recommender.broker import PhotoEmbedding, TextEmbedding
from recommender.designs import lifecycle as designs
from recommender.errors import (
    DesignCancelled,
    DesignFailed,
    DesignNotReady,
    GapSearchRunning,
    ImportCancelled,
    ImportNotReady,
    MapNotMade,
    NoActiveVersion,
    ScorerIgnoresImages,
    TrainingCancelled,
    TrainingFailed,
    VersionNotReady,
)
from recommender.imports import execution, runs
from recommender.maps import making
from recommender.models import SERVABLE, ModelVersion
from recommender.stopping import handed_over
from recommender.versions.vectors import index
from recommender.webhooks import delivery

log = logging.getLogger(__name__)

LIMIT = 600  # seconds a task may take. Set for each, as one for all would end trainings too, which hold leases
DOWNLOADS_LIMIT = 60  # several times what a run takes
KILL_LIMIT = 660  # for one that an image holds up in the decoder, which nothing interrupts


@shared_task(
    soft_time_limit=LIMIT,
    time_limit=KILL_LIMIT,
    autoretry_for=(OperationalError,),
    retry_backoff=True,
    max_retries=5,
)
def embed_images(image_ids: list[int]) -> None:
    """Embed these images by every active version that has no vector of them; a second run writes nothing."""
    from recommender.workers import embedding  # torch is behind this import; web processes stop at this file

    embedding.embed_images(image_ids)


@shared_task(soft_time_limit=LIMIT)
def embed_later(version_id: int, image_ids: list[int]) -> None:
    """Embed these images by a version that does not serve; what this leaves undone, the sweep sends again."""
    from recommender.workers import embedding  # torch

    embedding.embed_later(version_id, image_ids)


@shared_task(soft_time_limit=LIMIT, autoretry_for=(OperationalError,), retry_backoff=True, max_retries=5)
def complete_version(version_id: int) -> None:
    """Embed what a trained version lacks, and activate it if this was requested."""
    from recommender.workers import embedding  # torch

    embedding.complete(version_id)


@shared_task(soft_time_limit=LIMIT, ignore_result=False, resultrepr_maxsize=64)
def embed_photo(photo: str, part: str = "") -> PhotoEmbedding:
    """Embed a visitor's photo, or a part of it, both base64, by the active similarity version."""
    from recommender.workers import photos  # torch

    return photos.embed_photo(base64.b64decode(photo), base64.b64decode(part) or None)


@shared_task(soft_time_limit=LIMIT, ignore_result=False, resultrepr_maxsize=64)
def embed_text(text: str) -> TextEmbedding:
    """Embed a text by the active similarity version."""
    from recommender.workers import texts  # torch

    return texts.embed_text(text)


@shared_task(soft_time_limit=LIMIT, ignore_result=False, resultrepr_maxsize=64)
def find_part(image_id: int) -> list[float] | None:
    """Find the part of an image that stands out from its ground; None if it is gone or cannot be read."""
    from recommender.workers import found_parts  # torch

    return found_parts.find_part(image_id)


@shared_task
def train_version(version_id: int) -> None:
    """Train a queued version, or continue where a lost worker stopped."""
    from recommender.workers import training  # torch

    try:
        with handed_over():
            training.run_queued(version_id)
    except (VersionNotReady, TrainingCancelled, TrainingFailed) as reason:  # all saved in the version
        log.warning("version %d is not trained here: %s", version_id, reason)


@shared_task(soft_time_limit=LIMIT, autoretry_for=(OperationalError,), retry_backoff=True, max_retries=5)
def make_design(design_id: str) -> None:
    """Generate a design's images; a second run, or one of a design that is gone, generates nothing."""
    from recommender.workers import generation  # torch

    try:
        design = designs.claim(design_id)
        try:
            with handed_over():
                generation.run(design)
        except SoftTimeLimitExceeded:
            designs.fail(design, f"it took longer than {LIMIT} seconds")
    except (DesignNotReady, DesignCancelled, DesignFailed) as reason:
        log.warning("design %s is not made here: %s", design_id, reason)


@shared_task
def run_import(run_id: int) -> None:
    """Import a file or a feed, or continue where a lost worker stopped."""
    try:
        claimed = runs.claim(run_id)
        with handed_over():
            execution.run(claimed)
    except (ImportNotReady, ImportCancelled) as reason:
        log.warning("import %d does not run here: %s", run_id, reason)


@shared_task
def find_gaps() -> None:
    """Search for demand gaps: what many shoppers would like and the shop does not have."""
    from recommender.workers import gaps  # torch

    try:
        gaps.find()
    except (GapSearchRunning, NoActiveVersion, ScorerIgnoresImages, DesignFailed) as reason:
        log.warning("the search for gaps did not run: %s", reason)


@shared_task(soft_time_limit=LIMIT)
def make_map(map_id: int) -> None:
    """Compute the layout of a version's products; what a lost worker leaves, the sweep sends again."""
    from recommender.workers import layout  # torch

    try:
        claimed = making.claim(map_id)
    except MapNotMade as reason:
        log.warning("map %d is not made here: %s", map_id, reason)
        return
    try:
        layout.run(claimed)
    except SoftTimeLimitExceeded:
        making.fail(claimed, f"it took longer than {LIMIT} seconds")


@worker_process_init.connect
@heartbeats.working()  # a busy machine takes half a minute
def warm_up(**kwargs: Any) -> None:
    """Load torch and the serving models before a pool process gets its first task: no upload should wait for that."""
    if "embed" not in current_app.amqp.queues.consume_from:
        return  # a training can wait
    from recommender.workers import embedding  # torch, which must never be used in the parent: forked tasks would hang

    embedding.warm_up()


@shared_task(soft_time_limit=DOWNLOADS_LIMIT)
def download_images() -> None:
    """Store images from their URLs for some seconds, then let what waits come first."""
    if downloads.run():
        broker.send("download_images", priority=broker.LATER)


@shared_task(soft_time_limit=DOWNLOADS_LIMIT)
def deliver_webhooks() -> None:
    """Send messages to webhooks for some seconds, then let what waits come first."""
    if delivery.run():
        broker.send("deliver_webhooks", priority=broker.LATER)


@shared_task(soft_time_limit=DOWNLOADS_LIMIT)
def audit_indexes() -> None:
    """Compute a few sampled requests again, by the index and exactly."""
    audit.run()


@shared_task(soft_time_limit=LIMIT)
def replay_requests(replay_id: int) -> None:
    """Compute what last week's requests would have been answered by two versions."""
    replay.run(replay_id)


@shared_task
def rebuild_index(version_id: int) -> None:
    """Build the index of a version anew, whose recall is too low."""
    version = ModelVersion.objects.filter(pk=version_id, state__in=SERVABLE).first()
    if version:
        index.rebuild_index(version)
        width.note_rebuilt(version)


@shared_task(soft_time_limit=LIMIT)
def sweep() -> None:
    """Queue again what was missed while the broker or a worker was away."""
    maintenance.sweep()
    heartbeats.record("sweep")


@shared_task(soft_time_limit=LIMIT)
def resume() -> None:
    """Queue trainings and designs again whose worker was lost."""
    maintenance.resume()
