"""The Celery app. Queues of their own keep designs, trainings and maintenance from delaying uploads, in `embed`."""

import logging
import os
from contextlib import suppress
from typing import Any

from celery import Celery, Task
from celery.signals import before_task_publish, setup_logging, task_prerun
from kombu.message import Message
from kombu.transport import redis, virtual
from redis.exceptions import OutOfMemoryError, ResponseError

from visrec_site import request_id

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "visrec_site.settings")

log = logging.getLogger(__name__)

app = Celery("visrec")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


class QoS(redis.QoS):
    """The limit of messages that a worker may hold, for a broker that may not answer, or be full.

    kombu counts a message as held until the broker has answered its acknowledgement, and Celery ignores that it has
    not: with a limit of one the worker would never take another. Here the message counts no more. The broker sends it
    again after the visibility_timeout; a second run of any of our tasks changes nothing.

    A full broker refuses to note which messages are held. They are taken all the same: it would stay full else. If the
    worker is lost, the sweep finds their work in the database.
    """

    def append(self, message: Message, delivery_tag: str) -> None:
        try:
            super().append(message, delivery_tag)
        except ResponseError as error:
            log.warning("the broker does not note that a message is held: %s", error)
            virtual.QoS.append(self, message, delivery_tag)

    def restore_visible(self, *args: Any, **kwargs: Any) -> None:
        with suppress(ResponseError):  # the next call restores them
            super().restore_visible(*args, **kwargs)

    def ack(self, delivery_tag: str) -> None:
        try:
            super().ack(delivery_tag)
        finally:
            virtual.QoS.ack(self, delivery_tag)

    def reject(self, delivery_tag: str, requeue: bool = False) -> None:
        try:
            super().reject(delivery_tag, requeue)
        finally:
            virtual.QoS.ack(self, delivery_tag)


class Channel(redis.Channel):
    """A channel whose worker starts also where the broker is full: the queue is bound already, and has messages."""

    QoS = QoS

    def _queue_bind(self, *args: Any, **kwargs: Any) -> None:
        with suppress(OutOfMemoryError):
            super()._queue_bind(*args, **kwargs)  # type: ignore[misc]  # the types of kombu lack it


redis.Transport.Channel = Channel


@setup_logging.connect
def _keep_logging(**kwargs: Any) -> None:
    """Ignore what Celery would set up: Django's handlers stay, which log the id of the request."""


@before_task_publish.connect
def _send_request_id(headers: dict[str, Any], **kwargs: Any) -> None:
    headers["request_id"] = request_id.current.get()


@task_prerun.connect
def _set_request_id(task: "Task[Any, Any]", **kwargs: Any) -> None:
    request_id.current.set((task.request.headers or {}).get("request_id", "-"))
