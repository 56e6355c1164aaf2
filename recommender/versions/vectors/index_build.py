"""The build of an index: its memory, its processes and its progress."""

import logging
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import OperationalError, connection
from django.db.backends.utils import CursorWrapper

from recommender.models import ImageEmbedding, ModelVersion

log = logging.getLogger(__name__)

Report = Callable[[int, int], None]  # (done, of), in blocks of the table

GRAPH_BYTES = 800  # of an element beside its vector, with m = 16
LEAST_MEMORY = 64  # MB: PostgreSQL's default
POLL_SECONDS = 1.0


def require_session(work: str) -> None:
    """Raise ImproperlyConfigured for work whose settings or locks a pooler in transaction mode would give to others."""
    if settings.POOLER:
        raise ImproperlyConfigured(
            f"{work} needs a session of its own: set VISREC_POOLER=no and VISREC_DATABASE_URL to the database itself"
        )


def memory_needed(vectors: int, dimensions: int) -> int:
    """Return the MB that an HNSW graph of so many vectors takes; in less it is built on disk, many times as slowly."""
    return LEAST_MEMORY + vectors * (4 * dimensions + GRAPH_BYTES) // 2**20


def use_machine(cursor: CursorWrapper, version: ModelVersion) -> None:
    """Set what this session may use: the memory that the index needs, up to VISREC_INDEX_MEMORY, and half the cores.

    The server gives up what this session does soon after its client was killed: an index that is built on for nobody
    takes all that, and whoever resumes the training waits for its end and builds another.
    """
    vectors = ImageEmbedding.objects.filter(version=version).count()
    memory = min(memory_needed(vectors, version.dimensions or 0), settings.INDEX_MEMORY)
    cursor.execute(f"SET maintenance_work_mem = '{memory:d}MB'")
    cursor.execute("SET client_connection_check_interval = '2s'")
    cursor.execute(f"SET max_parallel_maintenance_workers = {max(1, (os.cpu_count() or 1) // 2):d}")


@contextmanager
def reported(report: Report | None) -> Iterator[None]:
    """Call `report` from a thread, every second, with the progress of the index that this session builds meanwhile."""
    if report is None:
        yield
        return
    ended = threading.Event()
    session = connection.connection.info.backend_pid

    def loop() -> None:
        begun = False
        try:
            while not ended.wait(POLL_SECONDS):
                try:
                    done, of = read_progress(session) or (0, 0)
                    # While PostgreSQL reads the first block it says that all are done.
                    begun = begun or done < of
                    if begun and of:
                        report(done, of)
                except OperationalError as error:
                    log.warning("the progress of an index cannot be read: %s", error)
        finally:
            connection.close()

    thread = threading.Thread(target=loop, name="progress of an index", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join(timeout=5)


def read_progress(session: int) -> tuple[int, int] | None:
    """Return (done, of) of the table's blocks that a session is indexing; None if it indexes none."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT blocks_done, blocks_total FROM pg_stat_progress_create_index"
            " WHERE pid = %s AND phase LIKE 'building index%%' AND blocks_total > 0",
            [session],
        )
        found: tuple[int, int] | None = cursor.fetchone()
    return found
