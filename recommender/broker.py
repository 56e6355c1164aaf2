"""Send work to the workers by task name. Never imports what runs it: a web process stops here."""

import base64
import logging
from typing import Any

from celery import current_app
from celery.backends.asynchronous import E_RETRY_LIMIT_EXCEEDED as RESULTS_UNAVAILABLE
from celery.exceptions import TimeoutError as NoAnswer
from celery.result import AsyncResult
from django.conf import settings
from django.db import transaction
from kombu.exceptions import OperationalError as BrokerUnavailable

from recommender.errors import WorkersUnavailable

log = logging.getLogger(__name__)

EMBED_BATCH = 256  # pictures a task: a second or so of work, so that an upload never waits long behind an import


def queue_embedding(image_ids: list[int]) -> None:
    """Have these pictures embedded once the transaction stands, by every version that is kept ready."""
    for first in range(0, len(image_ids), EMBED_BATCH):
        batch = image_ids[first : first + EMBED_BATCH]
        transaction.on_commit(lambda batch=batch: send("embed_images", batch))


def send(task: str, *args: Any) -> bool:
    """Hand a task to the broker. Without one the work waits for the sweep, which finds it in the database.

    task: the name of a function in recommender.tasks. Returns whether the broker took it.
    """
    try:
        _publish(task, *args)
    except BrokerUnavailable as error:
        log.warning("%s%r waits for the sweep: the broker is away: %s", task, args, error)
        return False
    return True


def photo_vector(photo: bytes) -> tuple[int, list[float]]:
    """Return (version id, vector) of a photo, from whichever worker is free.

    Raises WorkersAway when none answers within VISREC_PHOTO_SEARCH_SECONDS.
    """
    found = _answer("embed_photo", base64.b64encode(photo).decode())
    return found["version"], found["vector"]


def _answer(task: str, *args: Any) -> Any:
    """Wait for what a worker answers at once. Raises WorkersAway when none does in time."""
    seconds = settings.PHOTO_SEARCH_SECONDS
    try:
        return _publish(task, *args, expires=seconds, ignore_result=False).get(timeout=seconds)
    except (BrokerUnavailable, NoAnswer) as error:
        raise WorkersUnavailable("no worker answered in time; try again in a moment") from error
    except RuntimeError as error:  # Celery has no class of its own for a result store that is away
        if str(error) != RESULTS_UNAVAILABLE:
            raise
        raise WorkersUnavailable("the broker is away; try again in a moment") from error


def _publish(task: str, *args: Any, **options: Any) -> AsyncResult:
    # A signature is sent by its name alone, and runs at once where a test has made Celery eager.
    return current_app.signature(f"recommender.tasks.{task}", args=args).apply_async(retry=False, **options)
