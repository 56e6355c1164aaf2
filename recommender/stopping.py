"""Long work on a worker that is told to end: it stops and is handed over, instead of being waited for.

Celery lets a worker that gets SIGTERM finish its tasks, which may take hours; whoever sent the signal kills it before.
"""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from billiard import active_children, current_process
from celery import current_app
from celery.exceptions import Reject
from celery.signals import worker_shutting_down

SIGNALS = (signal.SIGTERM, signal.SIGQUIT)
HANDED_OVER = ("train", "design", "import")  # queues; tasks of the others take seconds


@contextmanager
def handed_over() -> Iterator[None]:
    """Raise SystemExit in the block when this process is told to end, and give the task's message back.

    The block releases its work when it gets SystemExit. Celery gets the signal after that: the process of a pool,
    whose worker sent the signal, lives on until the worker ends it, and has answered by then.
    """
    arrived: list[int] = []

    def stop(number: int, frame: FrameType | None) -> None:
        arrived.append(number)
        if len(arrived) == 1:  # a second must not stop what the first has begun
            raise SystemExit(f"stopped by {signal.Signals(number).name}")

    former: dict[int, Any] = {number: signal.signal(number, stop) for number in SIGNALS}
    try:
        yield
    except SystemExit as error:
        raise Reject(str(error), requeue=True) from error
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)
        is_pool = current_process().name != "MainProcess"
        for number in arrived[1:] if is_pool else arrived:
            signal.raise_signal(number)


@worker_shutting_down.connect
def stop_pool(**kwargs: Any) -> None:
    """Send SIGTERM to the processes of a worker's pool, if its tasks are to be handed over."""
    if current_app.amqp.queues.consume_from.keys() & set(HANDED_OVER):
        for process in active_children():
            process.terminate()
