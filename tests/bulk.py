"""Tens of thousands of rows, for tests of plans and of indexes."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection
from django.db.backends.utils import CursorWrapper


@contextmanager
def bulk_writes() -> Iterator[CursorWrapper]:
    """Open a cursor for writes outside of a transaction whose foreign keys are checked by the right index.

    PostgreSQL plans such a check once a session. Where a former test let it be planned for an empty table, or tables
    were analysed while former tests, whose rows are rolled back, had some, each of 50,000 rows would read all that were
    written before it: minutes in place of seconds.
    """
    connection.close()  # and with it the plans of its session
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_clear_relation_stats(schemaname, relname) FROM pg_stat_user_tables")
        cursor.execute("SET enable_seqscan = off")
        yield cursor
        cursor.execute("RESET enable_seqscan")
