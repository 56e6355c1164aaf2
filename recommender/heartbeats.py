"""Heartbeats: each worker proves that it works, and ends where it does not, so that it is started again.

A worker can stand still without having ended, when its pool process is stuck or its parent process takes no more tasks.
A thread of the parent checks every few seconds whether tasks wait while the pool process does none. As long as that is
not so, it publishes a heartbeat: in the cache, for /readyz, and in a file, for health checks of the same container. A
task that takes hours is no standstill: during each task a thread of the pool process notes the time every second.
"""

import ctypes
import logging
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from multiprocessing.sharedctypes import RawValue
from threading import Event, Thread
from typing import Any

from celery.signals import (
    after_task_publish,
    beat_init,
    task_postrun,
    task_prerun,
    worker_process_init,
    worker_ready,
)
from django.conf import settings
from django.core.cache import cache
from kombu.exceptions import OperationalError as BrokerUnavailable
from redis.exceptions import RedisError

from recommender import broker

log = logging.getLogger(__name__)

INTERVAL = 3  # seconds between two checks of the watchdog
MISSED = 6  # checks in a row that find no work although tasks wait; then the worker ends itself
SILENT_SECONDS = 60  # after which a worker without a heartbeat counts as lost
WORK_INTERVAL = 1  # seconds between two notes of a process that works
_PREFIX = "heartbeat:"
# time.monotonic() of the last moment of work; in memory that the parent and its forked pool processes share.
_last_work = RawValue(ctypes.c_double)
_busy = Event()  # set while this process works


def record(name: str) -> None:
    """Record that `name` works now. Without the cache only the file is written."""
    folder = settings.VAR / "heartbeats"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).touch()
    try:
        cache.set(f"{_PREFIX}{name}", time.time(), timeout=None)
    except RedisError as error:
        log.warning("the heartbeat of %s is not in the cache: %s", name, error)


def ages(names: Sequence[str]) -> dict[str, float | None]:
    """Return the seconds since the last heartbeat of each name; None if there was none. Raises RedisError.

    One of the future, before a clock was set back, may be an old one, and is as old as it is far away.
    """
    found = cache.get_many([f"{_PREFIX}{name}" for name in names])
    now = time.time()
    return {name: abs(now - at) if (at := found.get(f"{_PREFIX}{name}")) else None for name in names}


def state(age: float | None, limit: int = SILENT_SECONDS) -> str:
    """Return "ok" for a heartbeat that is at most `limit` seconds old, else its age."""
    if age is None:
        return "no heartbeat"
    return "ok" if age <= limit else f"no heartbeat for {age:.0f} s"


@contextmanager
def working() -> Iterator[None]:
    """Mark the block, or the function that this decorates, as work of this process, however long it takes."""
    _start_work()
    try:
        yield
    finally:
        _end_work()


class Watchdog(Thread):
    """Publishes heartbeats for the queues of a worker, and ends the worker's process when it stands still.

    Seconds are not compared but checks counted: a machine that sleeps or is overloaded misses checks, too.
    """

    def __init__(self, queues: Sequence[str], interval: float = INTERVAL):
        super().__init__(name="watchdog", daemon=True)
        self.queues = queues
        self.interval = interval

    def run(self) -> None:
        last_work, missed = -1.0, 0
        while missed < MISSED:
            if _last_work.value == last_work and self.have_tasks():
                missed += 1
            else:
                missed = 0
                for queue in self.queues:
                    record(queue)
            last_work = _last_work.value
            time.sleep(self.interval)
        log.critical(
            "no task was worked on for %d s although tasks wait in %s: this worker ends itself",
            MISSED * self.interval,
            ", ".join(self.queues),
        )
        os._exit(1)  # the main thread may be stuck; children end with their parent

    def have_tasks(self) -> bool:
        """Return whether a task waits in one of the queues. Without a broker there is nothing that a worker can do."""
        try:
            return any(broker.count_waiting(queue) for queue in self.queues)
        except (BrokerUnavailable, RedisError):
            return False


@worker_ready.connect
def _watch_worker(sender: Any, **kwargs: Any) -> None:
    Watchdog(list(sender.app.amqp.queues.consume_from)).start()


@worker_process_init.connect
def _count_work(**kwargs: Any) -> None:
    def count() -> None:
        while _busy.wait():
            _last_work.value = time.monotonic()
            time.sleep(WORK_INTERVAL)

    Thread(target=count, name="heartbeat", daemon=True).start()


@task_prerun.connect
def _start_work(**kwargs: Any) -> None:
    _last_work.value = time.monotonic()
    _busy.set()


@task_postrun.connect
def _end_work(**kwargs: Any) -> None:
    _busy.clear()
    _last_work.value = time.monotonic()


@beat_init.connect
def _watch_beat(**kwargs: Any) -> None:
    after_task_publish.connect(_record_beat)


def _record_beat(**kwargs: Any) -> None:
    record("beat")
