"""Leases on rows: `lease_until` says until when a process works on a row, and a lost process does not renew it.

The state that a step needs stands in the WHERE of one UPDATE, and the number of rows is the answer: of two processes
one wins, and neither holds a lock. Works on any model with a nullable `lease_until`.

A holder whose lease ran out may still be running when another process claims the row. `claim` therefore counts the
claims of a row (Leased.claims), and the count that a process got is its token: whatever it writes to the row later
has the token in its WHERE (`held`), and whatever it writes elsewhere is written while it holds the row's lock, taken
by that token (`lock`).

All times are the database's, as the clocks of hosts differ.
"""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TypeVar

from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Now

from recommender.models import Leased

log = logging.getLogger(__name__)

Row = TypeVar("Row", bound=Leased)


def is_free() -> Q:
    """Return the condition that nobody holds a row: its lease was released, or has run out."""
    return Q(lease_until__isnull=True) | Q(lease_until__lt=Now())


def is_held(row: Leased) -> bool:
    """Return whether somebody holds the row now."""
    return type(row)._default_manager.filter(pk=row.pk).exclude(is_free()).exists()


def claim(rows: QuerySet[Row], pk: object, length: timedelta, **changes: object) -> Row | None:
    """Take the lease of one of these rows, write `changes` with it and return the row; None if `rows` lacks it.

    rows: filtered by the state that the step needs, and by `is_free`.
    """
    with transaction.atomic():  # the row is locked until it is read, so that the number of claims is ours
        if not hold(rows.filter(pk=pk), length, claims=F("claims") + 1, **changes):
            return None
        return rows.model._default_manager.get(pk=pk)


def held(row: Row) -> QuerySet[Row]:
    """Return a row that was claimed, as long as nobody has claimed it since."""
    return type(row)._default_manager.filter(pk=row.pk, claims=row.claims)


def lock(rows: QuerySet[Row]) -> bool:
    """Lock what is left of `held` rows until the transaction ends; return whether there was any.

    Nobody can claim, cancel or delete the row before that. Rows that refer to it can be written.
    """
    return bool(rows.select_for_update(no_key=True).values_list("pk"))


def hold(rows: QuerySet[Row], length: timedelta, **changes: object) -> bool:
    """Renew the lease of these rows and write `changes` with it; return whether there was any row.

    rows: filtered by the state that the step needs.
    """
    return bool(rows.update(lease_until=Now() + length, **changes))


def release(rows: QuerySet[Row], **changes: object) -> bool:
    """Release the lease of these rows and write `changes` with it; return whether there was any row."""
    return bool(rows.update(lease_until=None, **changes))


def limit(rows: QuerySet[Row], length: timedelta) -> None:
    """Limit these leases to `length` from now: those that end later were taken before the clock was set back.

    A holder that lives renews its lease before that.
    """
    rows.filter(lease_until__gt=Now() + length).update(lease_until=Now() + length)


@contextmanager
def renewing(renew: Callable[[], bool], *, interval: float, row: Leased) -> Iterator[None]:
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
                except (OperationalError, InterfaceError) as error:  # the database restarts
                    log.warning("the lease of %s could not be renewed: %s", row, error)
                    connection.close()  # the next turn opens another
        finally:
            connection.close()

    thread = threading.Thread(target=loop, name=f"lease of {row}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join(timeout=5)
