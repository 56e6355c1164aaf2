"""Leases on rows: `lease_until` says until when a process works on a row, and a lost process does not renew it.

The state that a step needs stands in the WHERE of one UPDATE, and the number of rows is the answer: of two processes
one wins, and neither holds a lock. Works on any model with a nullable `lease_until`.

A holder whose lease ran out may still be running when another process claims the row. Each model therefore counts
its claims (ModelVersion.claims, Design.tries) in the UPDATE that takes the lease, and whatever the holder writes
later has in its WHERE the number that it read when it claimed.
"""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Protocol

from django.db import OperationalError, connection
from django.db.models import Model, Q, QuerySet
from django.utils import timezone

log = logging.getLogger(__name__)


class Leased(Protocol):
    """A row that has a lease."""

    @property
    def lease_until(self) -> datetime | None: ...


def is_free() -> Q:
    """Return the condition that nobody holds a row: its lease was released, or has run out."""
    return Q(lease_until__isnull=True) | Q(lease_until__lt=timezone.now())


def is_held(row: Leased) -> bool:
    """Return whether somebody held the row when it was read."""
    return row.lease_until is not None and row.lease_until > timezone.now()


def hold(rows: QuerySet[Model], length: timedelta, **changes: object) -> bool:
    """Take or renew the lease of these rows and write `changes` with it; return whether there was any row.

    rows: filtered by the state that the step needs, and by `is_free` where the lease is to be taken.
    """
    return bool(rows.update(lease_until=timezone.now() + length, **changes))


def release(rows: QuerySet[Model], **changes: object) -> bool:
    """Release the lease of these rows and write `changes` with it; return whether there was any row."""
    return bool(rows.update(lease_until=None, **changes))


@contextmanager
def renewing(renew: Callable[[], bool], *, interval: float, row: Model) -> Iterator[None]:
    """Call `renew` from a thread every `interval` seconds, until the block ends or `renew` returns False.

    For work with steps longer than a lease, such as an epoch of training.
    """
    ended = threading.Event()

    def loop() -> None:
        try:
            while not ended.wait(interval):
                try:
                    if not renew():
                        return
                except OperationalError as error:  # the database restarts; the next turn finds it back
                    log.warning("the lease of %s could not be renewed: %s", row, error)
        finally:
            connection.close()

    thread = threading.Thread(target=loop, name=f"lease of {row}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join(timeout=5)
