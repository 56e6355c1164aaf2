"""Calls that another session of the database makes at the same time."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from django.db import connection, transaction

WAITING = "SELECT count(*) FROM pg_locks WHERE NOT granted"  # pg_stat_activity stays the same within a transaction


def in_own_session(call: Callable[..., Any], *args: Any) -> Any:
    try:
        return call(*args)
    finally:
        connection.close()


@contextmanager
def transaction_with_rivals() -> Iterator[Callable[..., "Future[Any]"]]:
    """Run the block in a transaction, and wait for its rivals behind that.

    The yielded function makes a call in another session, and returns once that waits for a lock or has ended.
    """
    with ThreadPoolExecutor() as pool, transaction.atomic():

        def rival(call: Callable[..., Any], *args: Any) -> "Future[Any]":
            future = pool.submit(in_own_session, call, *args)
            deadline = time.monotonic() + 60
            while not (future.done() or is_any_waiting()):
                assert time.monotonic() < deadline, "the rival neither waits nor ends"
                time.sleep(0.01)
            return future

        yield rival


def rival_before(text: str, rival: Callable[[], object]) -> AbstractContextManager[None]:
    """Call `rival` once, before the first statement that has this text."""
    rivals = [rival]

    def run(execute: Callable[..., Any], sql: str, *others: Any) -> Any:
        if text in sql and rivals:
            rivals.pop()()
        return execute(sql, *others)

    return connection.execute_wrapper(run)


def is_any_waiting() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(WAITING)
        return cursor.fetchone()[0] > 0
