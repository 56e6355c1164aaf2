"""Work for the workers, sent by task name. Never imports what runs it: a web process stops here."""

import base64
import json
import logging
import time
from functools import partial
from typing import Any, TypedDict

from celery import current_app
from celery.backends.asynchronous import (  # type: ignore[attr-defined]  # celery-types does not have the constant
    E_RETRY_LIMIT_EXCEEDED as RESULTS_UNAVAILABLE,
)
from celery.exceptions import TimeoutError as TaskTimeout
from celery.result import AsyncResult
from celery.signals import before_task_publish
from django.conf import settings
from django.db import transaction
from kombu.exceptions import OperationalError as BrokerUnavailable

from recommender.errors import WorkersUnavailable

log = logging.getLogger(__name__)

SENT_AT = "sent_at"  # header of a message: time.time()
# Priorities, of kombu's steps: a message waits until none of a higher priority is left in its queue. Somebody waits for
# the first, such as an activation; uploads come next.
FIRST, UPLOADS, LATER = 0, 3, 6
EMBED_BATCH = 256  # images a task: a second or so of work, so that an upload never waits long behind an import


class ObjectJson(TypedDict):
    """Object in a photo."""

    box: list[float]  # left, top, right and bottom, as shares of the photo's sides
    label: str  # the category of the product that it is a good match of; "" if there is none


class PhotoEmbedding(TypedDict):
    """The result of the task that embeds a photo."""

    version: int  # the id of the version that embedded it
    vector: list[float]
    objects: list[ObjectJson]  # never none; without a part that was chosen, the vector is the first one's


class TextEmbedding(TypedDict):
    """The result of the task that embeds a text."""

    version: int  # the id of the version that embedded it
    vector: list[float]


def queue_embedding(image_ids: list[int]) -> None:
    """Queue these images, once the transaction is committed, to be embedded by every active version."""
    for first in range(0, len(image_ids), EMBED_BATCH):
        batch = image_ids[first : first + EMBED_BATCH]
        transaction.on_commit(partial(send, "embed_images", batch, priority=UPLOADS))


def send(task: str, *args: Any, priority: int = FIRST, expires: int | None = None) -> bool:
    """Send a task to the broker and return whether it took it; otherwise the sweep finds the work in the database.

    task: the name of a function in recommender.tasks. priority: among the messages of its queue. expires: the seconds
    after which no worker begins it any more.
    """
    try:
        # Sent by name, Celery does not know that nobody reads the result and would need the result store as well.
        _publish(task, *args, priority=priority, expires=expires, ignore_result=True)
    except BrokerUnavailable as error:
        log.warning("%s%r waits for the sweep: the broker is away: %s", task, args, error)
        return False
    return True


def count_waiting(queue: str) -> int:
    """Return the number of messages in a queue that no worker has taken yet."""
    with current_app.connection_for_read() as connection:
        declared: Any = current_app.amqp.queues[queue].bind(connection.default_channel).queue_declare()
    return int(declared.message_count)  # kombu's annotations have a string for what is declared


def oldest_waiting(queue: str) -> float | None:
    """Return the seconds since the oldest message of a queue was sent; None if none waits but those for LATER."""
    with current_app.connection_for_read() as connection:
        channel: Any = connection.default_channel
        # Kombu has a list for each priority, puts messages in on the left and takes them on the right.
        messages = [channel.client.lindex(channel._q_for_pri(queue, priority), -1) for priority in (FIRST, UPLOADS)]
    sent = [json.loads(message)["headers"].get(SENT_AT) for message in messages if message]
    return max((time.time() - sent_at for sent_at in sent if sent_at), default=None)


@before_task_publish.connect
def _note_when(headers: dict[str, Any], **kwargs: Any) -> None:
    headers[SENT_AT] = time.time()


def request_photo_embedding(photo: bytes, part: bytes | None = None) -> PhotoEmbedding:
    """Return the embedding of a photo, or of a part of it, from whichever worker is free.

    Raises WorkersUnavailable when none answers within VISREC_PHOTO_SEARCH_SECONDS.
    """
    parts = (base64.b64encode(each).decode() for each in (photo, part) if each)
    found: PhotoEmbedding = _call("embed_photo", *parts, seconds=settings.PHOTO_SEARCH_SECONDS)
    return found


def request_text_embedding(text: str) -> TextEmbedding:
    """Return the embedding of a text, from whichever worker is free.

    Raises WorkersUnavailable when none answers within VISREC_TEXT_SEARCH_SECONDS.
    """
    found: TextEmbedding = _call("embed_text", text, seconds=settings.TEXT_SEARCH_SECONDS)
    return found


def request_part(image_id: int) -> list[float] | None:
    """Return the part of an image that stands out from its ground; None if it cannot be read.

    Raises WorkersUnavailable when none answers within VISREC_PHOTO_SEARCH_SECONDS.
    """
    found: list[float] | None = _call("find_part", image_id, seconds=settings.PHOTO_SEARCH_SECONDS)
    return found


def _call(task: str, *args: Any, seconds: int) -> Any:
    try:
        return _publish(task, *args, expires=seconds, ignore_result=False).get(timeout=seconds)
    except (BrokerUnavailable, TaskTimeout) as error:
        raise WorkersUnavailable("no worker answered in time; try again in a moment") from error
    except RuntimeError as error:  # Celery has no class of its own for a result store that is away
        if str(error) != RESULTS_UNAVAILABLE:
            raise
        raise WorkersUnavailable("the broker is away; try again in a moment") from error


def _publish(task: str, *args: Any, **options: Any) -> "AsyncResult[Any]":
    # A signature is sent by its name alone, and runs at once where a test has made Celery eager.
    return current_app.signature(f"recommender.tasks.{task}", args=args).apply_async(retry=False, **options)
