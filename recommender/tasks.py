"""What the workers run: names, retries, limits. Nothing is decided here; recommender.broker sends these by name."""

import base64
import logging

from celery import current_app, shared_task
from celery.exceptions import SoftTimeLimitExceeded
from celery.signals import worker_process_init
from django.db import OperationalError

from recommender import maintenance
from recommender.designs import lifecycle as designs
from recommender.errors import (
    AlreadyLooking,
    BlindTaste,
    DesignCancelled,
    DesignFailed,
    DesignNotReady,
    NoActiveVersion,
    TrainingCancelled,
    TrainingFailed,
    VersionNotReady,
)
from recommender.versions import lifecycle as versions

log = logging.getLogger(__name__)

LIMIT = 600  # seconds a task may take. Said by each, as one for all would end trainings, too: they hold leases instead


@shared_task(soft_time_limit=LIMIT, autoretry_for=(OperationalError,), retry_backoff=True, max_retries=5)
def embed_images(image_ids: list[int]) -> None:
    """The vectors that these pictures lack; a second run writes nothing."""
    from recommender.workers import embedding  # torch is behind this import; web processes stop at this file

    embedding.embed_images(image_ids)


@shared_task(soft_time_limit=LIMIT, ignore_result=False, resultrepr_maxsize=64)
def embed_photo(photo: str) -> dict:
    """A visitor's photo, base64, as the active similarity version sees it: {"version": id, "vector": [...]}."""
    from recommender.workers import embedding  # torch

    version, vector = embedding.embed_photo(base64.b64decode(photo))
    return {"version": version.pk, "vector": vector}


@shared_task
def train_version(version_id: int) -> None:
    """Train a queued version, or carry on where a lost worker left it."""
    from recommender.workers import training  # torch

    try:
        training.run(versions.claim(version_id))
    except (VersionNotReady, TrainingCancelled, TrainingFailed) as reason:  # all told by the version itself
        log.warning("version %d is not trained here: %s", version_id, reason)


@shared_task(soft_time_limit=LIMIT, autoretry_for=(OperationalError,), retry_backoff=True, max_retries=5)
def make_design(design_id: str) -> None:
    """Make a design's pictures; a second run, or one of a design that is gone, makes nothing."""
    from recommender.workers import generation  # torch

    try:
        design = designs.claim(design_id)
        try:
            generation.run(design)
        except SoftTimeLimitExceeded:
            designs.fail(design, f"it took longer than {LIMIT} seconds")
    except (DesignNotReady, DesignCancelled, DesignFailed) as reason:
        log.warning("design %s is not made here: %s", design_id, reason)


@shared_task
def find_gaps() -> None:
    """Look anew for what many shoppers would like and the shop does not have."""
    from recommender.workers import gaps  # torch

    try:
        gaps.find()
    except (AlreadyLooking, NoActiveVersion, BlindTaste, DesignFailed) as reason:
        log.warning("no gaps are looked for: %s", reason)


@worker_process_init.connect
def warm_up(**kwargs) -> None:
    """In a pool's child, before its first task: torch and the serving models, seconds that no upload should wait."""
    if "embed" not in current_app.amqp.queues.consume_from:
        return  # a training can wait
    from recommender.workers import embedding  # torch, which must never be used in the parent: forked tasks would hang

    embedding.warm_up()


@shared_task(soft_time_limit=LIMIT)
def sweep() -> None:
    """Find what was missed while a broker or a worker was away, and queue it again."""
    maintenance.sweep()
