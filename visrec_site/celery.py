"""The Celery app. Queues of their own keep designs, trainings and maintenance from delaying uploads, in `embed`."""

import os

from celery import Celery
from kombu.transport import redis, virtual

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
