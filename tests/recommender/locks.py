"""Locks that are held in another session of the database."""

from collections.abc import Iterator
from contextlib import closing, contextmanager

import pglock
import psycopg2
from django.db import connection


@contextmanager
def held_elsewhere(name: str) -> Iterator[None]:
    """Hold an advisory lock over another connection."""
    with closing(psycopg2.connect(**connection.get_connection_params())) as other, other.cursor() as cursor:
        key = pglock.advisory(name).int_lock_id
        cursor.execute("SELECT pg_advisory_lock(%s)", [key])
        try:
            yield
        finally:  # the server would notice only some time after the connection is closed
            cursor.execute("SELECT pg_advisory_unlock(%s)", [key])
