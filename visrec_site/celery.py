"""The Celery app. Queues of their own keep designs, trainings and maintenance from delaying uploads, in `embed`."""

import os
from typing import Any

from celery import Celery, Task
from celery.signals import before_task_publish, setup_logging, task_prerun
from kombu.transport import redis, virtual

from visrec_site import request_id

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "visrec_site.settings")

app = Celery("visrec")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


class QoS(redis.QoS):
    """The limit of messages that a worker may hold, for a broker that may not answer.

    kombu counts a message as held until the broker has answered its acknowledgement, and Celery ignores that it has
    not: with a limit of one the worker would never take another. Here the message counts no more. The broker sends it
    again after the visibility_timeout; a second run of any of our tasks changes nothing.
    """

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


redis.Channel.QoS = QoS


@setup_logging.connect
def _keep_logging(**kwargs: Any) -> None:
    """Ignore what Celery would set up: Django's handlers stay, which log the id of the request."""


@before_task_publish.connect
def _send_request_id(headers: dict[str, Any], **kwargs: Any) -> None:
    headers["request_id"] = request_id.current.get()


@task_prerun.connect
def _set_request_id(task: "Task[Any, Any]", **kwargs: Any) -> None:
    request_id.current.set((task.request.headers or {}).get("request_id", "-"))
