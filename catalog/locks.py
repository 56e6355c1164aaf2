"""Locks of rows, and transactions that PostgreSQL ends to resolve a deadlock.

Whoever writes locks in one order: products by id, then their images by id, then what belongs to both. So transactions
wait for each other, but hardly ever in a circle; where they do, the one that PostgreSQL ends is run again.
"""

import random
import time
from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from django.core.exceptions import EmptyResultSet
from django.db import OperationalError, connection, connections, router, transaction
from django.db.models import QuerySet
from psycopg2.errors import DeadlockDetected

P = ParamSpec("P")
R = TypeVar("R")

TRIES = 5  # of one transaction; each deadlock lets at least one of those that were in it finish


def atomic(function: Callable[P, R]) -> Callable[P, R]:
    """Run the function in a transaction, and again after a deadlock, unless it is a part of a larger transaction."""

    @wraps(function)
    def in_transaction(*args: P.args, **kwargs: P.kwargs) -> R:
        tries = 1 if connection.in_atomic_block else TRIES
        for _ in range(tries - 1):
            try:
                with transaction.atomic():
                    return function(*args, **kwargs)
            except OperationalError as error:
                if not is_deadlock(error):
                    raise
            time.sleep(random.uniform(0.01, 0.1))  # else it may lock its first row again before the others go on
        with transaction.atomic():
            return function(*args, **kwargs)

    return in_transaction


def is_deadlock(error: BaseException | None) -> bool:
    """Return whether the database ended a transaction because others waited for it, and it for them."""
    return isinstance(error, OperationalError) and isinstance(error.__cause__, DeadlockDetected)


def lock_against_deletion(rows: QuerySet[Any, tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Read rows that nobody may delete until the transaction ends; others may refer to them and change them.

    rows: values_list of a model. A row that is being deleted is waited for, and left out once it is gone.
    """
    # What the check of a foreign key does at the end of the transaction, when it is too late to choose an order.
    try:
        sql, params = rows.order_by("pk").query.sql_with_params()
    except EmptyResultSet:
        return []
    with connections[router.db_for_write(rows.model)].cursor() as cursor:
        cursor.execute(f"{sql} FOR KEY SHARE", params)
        found: list[tuple[Any, ...]] = cursor.fetchall()
    return found
