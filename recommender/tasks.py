"""Celery's side: names, retries, limits. Nothing is decided here, and torch is imported inside the tasks alone."""

import base64
import logging

from celery import current_app, shared_task
from celery.backends.asynchronous import E_RETRY_LIMIT_EXCEEDED as RESULTS_AWAY
from celery.exceptions import SoftTimeLimitExceeded
from celery.exceptions import TimeoutError as NoAnswer
from celery.signals import worker_process_init
from django.conf import settings
from django.db import OperationalError, transaction
from kombu.exceptions import OperationalError as BrokerAway

from recommender.errors import (
    AlreadyLooking,
    BlindTaste,
    DesignCancelled,
    DesignFailed,
    DesignNotReady,
    NoActiveVersion,
    TrainingCancelled,
    TrainingFailed,
    TrainingRefused,
    VersionNotReady,
    WorkersAway,
)

log = logging.getLogger(__name__)

LIMIT = 600  # seconds a task may take. Said by each, as one for all would end trainings, too: they hold leases instead
EMBED_BATCH = 256  # pictures a task: a second or so of work, so that an upload never waits long behind an import


def queue_embedding(image_ids: list[int]) -> None:
    """Have these pictures embedded once the transaction stands, by every version that is kept ready."""
    for first in range(0, len(image_ids), EMBED_BATCH):
        batch = image_ids[first : first + EMBED_BATCH]
        transaction.on_commit(lambda batch=batch: send(embed_images, batch))


def send(task, *args) -> bool:
    """Hand a task to the broker; without one the work waits for the sweep, which finds it in the database."""
    try:
        task.apply_async(args, retry=False)
    except BrokerAway as error:
        log.warning("%s%r waits for the sweep: the broker is away: %s", task.name, args, error)
        return False
    return True


@shared_task(soft_time_limit=LIMIT, autoretry_for=(OperationalError,), retry_backoff=True, max_retries=5)
def embed_images(image_ids: list[int]) -> None:
    """The vectors that these pictures lack; a second run writes nothing."""
    from recommender.workers import embedding  # torch is behind this import; web processes stop at this file

    embedding.embed_images(image_ids)


@shared_task(soft_time_limit=LIMIT, ignore_result=False, resultrepr_maxsize=64, expires=settings.PHOTO_SEARCH_SECONDS)
def embed_photo(photo: str) -> dict:
    """A visitor's photo, base64, as the active similarity version sees it: {"version": id, "vector": [...]}."""
    from recommender.workers import embedding  # torch

    version, vector = embedding.embed_photo(base64.b64decode(photo))
    return {"version": version.pk, "vector": vector}


@shared_task(soft_time_limit=LIMIT, ignore_result=False, expires=settings.PHOTO_SEARCH_SECONDS)
def check_settings(method: str, method_settings: dict) -> str:
    """Why no model can be made of these; empty if one can."""
    from recommender.workers import training  # torch

    try:
        training.check(method, method_settings)
    except TrainingRefused as refusal:
        return str(refusal)
    return ""


def photo_vector(photo: bytes) -> tuple[int, list[float]]:
    """(version id, vector) of a photo, from whichever worker is free. Raises WorkersAway when none answers in time."""
    found = answer_of(embed_photo, base64.b64encode(photo).decode())
    return found["version"], found["vector"]


def refusal(method: str, method_settings: dict) -> str:
    """Why a worker would refuse to train this; empty if it would not. Raises WorkersAway when none answers in time."""
    return answer_of(check_settings, method, method_settings)


def answer_of(task, *args):
    """What a worker answers at once. Raises WorkersAway when none does in time."""
    try:
        return task.apply_async(args, retry=False).get(timeout=settings.PHOTO_SEARCH_SECONDS)
    except (BrokerAway, NoAnswer) as error:
        raise WorkersAway("no worker answered in time; try again in a moment") from error
    except RuntimeError as error:  # Celery has no class of its own for a result store that is away
        if str(error) != RESULTS_AWAY:
            raise
        raise WorkersAway("the broker is away; try again in a moment") from error


@shared_task
def train_version(version_id: int) -> None:
    """Train a queued version, or carry on where a lost worker left it."""
    from recommender.versions import lifecycle  # torch
    from recommender.workers import training

    try:
        training.run(lifecycle.claim(version_id))
    except (VersionNotReady, TrainingCancelled, TrainingFailed) as reason:  # all told by the version itself
        log.warning("version %d is not trained here: %s", version_id, reason)


@shared_task(soft_time_limit=LIMIT, autoretry_for=(OperationalError,), retry_backoff=True, max_retries=5)
def make_design(design_id: str) -> None:
    """Make a design's pictures; a second run, or one of a design that is gone, makes nothing."""
    from recommender.designs import lifecycle as designs  # torch
    from recommender.workers import generation

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
    from recommender import maintenance  # plain SQL, but not needed by web processes

    maintenance.sweep()
