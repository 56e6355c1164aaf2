"""The HNSW index of each version."""

import logging

from django.db import OperationalError, connection
from psycopg2.errors import LockNotAvailable

from recommender.models import Metric, ModelVersion
from recommender.versions.vectors import nearest
from recommender.versions.vectors.index_build import Report, reported, require_session, use_machine

log = logging.getLogger(__name__)

PREFIX = "embedding_hnsw_"
NEW = "_new"  # ends the name of an index that is built to replace another
LOCK_SECONDS = 1  # that the removal of an index waits for those who use it
OPERATOR_CLASSES = {
    Metric.COSINE: "vector_cosine_ops",
    Metric.EUCLIDEAN: "vector_l2_ops",
    Metric.INNER: "halfvec_ip_ops",
}
# Of clustered vectors, 200 halves the searches that find almost nothing. Tastes are searched with a longer list of
# candidates (nearest.EF_SEARCH_INNER), for which an index that is built sooner is good enough.
EF_CONSTRUCTION = {Metric.COSINE: 200, Metric.EUCLIDEAN: 200, Metric.INNER: 64}


def index_name(version: ModelVersion) -> str:
    """Return the name of the version's index in the database."""
    return f"{PREFIX}{version.pk}"


def build_index(version: ModelVersion, report: Report | None = None) -> None:
    """Build the index that searches by this version walk (nearest.nearest_sql), beside running traffic.

    report: called from another thread with the progress, (done, of).
    """
    require_session("The build of an index")
    name = connection.ops.quote_name(index_name(version))
    with connection.cursor() as cursor:
        # What an interrupted CONCURRENTLY leaves is invalid, and IF NOT EXISTS would be content with it.
        cursor.execute("SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(%s)", [name])
        found = cursor.fetchone()
        if found == (True,):
            return
        concurrently = "CONCURRENTLY"
        if connection.in_atomic_block:  # where CONCURRENTLY is refused, and so is any index while checks are pending
            concurrently = ""
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(f"DROP INDEX {concurrently} IF EXISTS {name}")
        use_machine(cursor, version)
        with reported(report):
            cursor.execute(f"CREATE INDEX {concurrently} {name} {definition(version)}")


def definition(version: ModelVersion) -> str:
    """Return what the index of a version is on, and how it is built."""
    metric = Metric(version.metric)
    return (
        f"ON recommender_imageembedding USING hnsw ((vector::{nearest.indexed_type(version)})"
        f" {OPERATOR_CLASSES[metric]}) WITH (m = 16, ef_construction = {EF_CONSTRUCTION[metric]})"
        f" WHERE version_id = {version.pk:d}"
    )


def rebuild_index(version: ModelVersion) -> None:
    """Build the index of a version anew beside the old one, which is walked meanwhile, and put it in its place."""
    require_session("The build of an index")
    name, new = (connection.ops.quote_name(each) for each in (index_name(version), f"{index_name(version)}{NEW}"))
    concurrently = "" if connection.in_atomic_block else "CONCURRENTLY"
    with connection.cursor() as cursor:
        cursor.execute(f"DROP INDEX {concurrently} IF EXISTS {new}")  # left by a build that was broken off
        use_machine(cursor, version)
        cursor.execute(f"CREATE INDEX {concurrently} {new} {definition(version)}")
        cursor.execute(f"DROP INDEX {concurrently} IF EXISTS {name}")
        cursor.execute(f"ALTER INDEX {new} RENAME TO {name}")


def drop_unused() -> None:
    """Delete the indexes of versions that are gone, unless somebody uses them or builds another index.

    Not when a version is deleted: the lock for that would wait for the end of a build, and all searches for the lock.
    """
    named = {index_name(version) for version in ModelVersion.objects.only("pk")}
    used = named | {f"{name}{NEW}" for name in named}
    concurrently = "" if connection.in_atomic_block else "CONCURRENTLY"
    with connection.cursor() as cursor:
        cursor.execute("SELECT indexname FROM pg_indexes WHERE starts_with(indexname, %s)", [PREFIX])
        unused = {name for (name,) in cursor.fetchall()} - used
        cursor.execute(f"SET lock_timeout = '{LOCK_SECONDS}s'")
        try:
            for name in sorted(unused):
                cursor.execute(f"DROP INDEX {concurrently} IF EXISTS {connection.ops.quote_name(name)}")
        except OperationalError as error:
            if not isinstance(error.__cause__, LockNotAvailable):
                raise
            log.info("%s stays until the next sweep: its table is in use", name)
        finally:
            cursor.execute("RESET lock_timeout")
