"""Queues of tasks, and the workers that take them."""

from dataclasses import dataclass

from celery import current_app
from kombu.exceptions import OperationalError as BrokerUnavailable
from redis.exceptions import RedisError

from recommender import broker, heartbeats


@dataclass(frozen=True)
class Queue:
    """A queue of tasks and the worker that takes them."""

    name: str
    waiting: int
    oldest: float | None  # seconds
    worker: str  # "ok", or since when it has not worked


def queues() -> list[Queue]:
    """Return the queues with their workers; none while the broker or the cache is away."""
    names = [queue.name for queue in current_app.conf.task_queues]
    try:
        ages = heartbeats.ages(names)
        return [
            Queue(name, broker.count_waiting(name), broker.oldest_waiting(name), heartbeats.state(ages[name]))
            for name in names
        ]
    except (BrokerUnavailable, RedisError):
        return []
