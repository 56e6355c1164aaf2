"""Embeddings partitioned by version, and interactions by month, against tables as they are, in a filled shop.

`VISREC_VAR=FOLDER python -m tests.benchmarks.partitions` copies rows of the running shop into a schema of its own, lets
the two take turns, prints JSON and drops the schema. Milliseconds are medians, MB are those of PostgreSQL's log, which
is what a replica gets.
"""

import json
import random
import statistics
import time
from collections.abc import Callable

import django

IMAGES = 20_000  # of each of two versions
MONTHS = 14  # of a filled shop, and of the partitions
CALLS = 100
BATCH = 1000  # rows of an insert
SEED = 11
KINDS = ("plain", "partitioned")
EMBEDDING = "version_id bigint NOT NULL, image_id bigint NOT NULL, product_id bigint NOT NULL, vector vector NOT NULL"
INTERACTION = (
    "id bigint, shopper_id bigint, product_id bigint, kind text, occurred_at timestamptz, recorded_at timestamptz"
)


def embeddings() -> dict[str, dict[str, float]]:
    """Searches, inserts and the deletion of a version."""
    from recommender.models import ModelVersion
    from recommender.versions.vectors import nearest

    version = ModelVersion.objects.get(role="similar", state="active")
    other, dimensions = version.pk + 1_000_000, version.dimensions
    sql(f"CREATE TABLE trial.plain ({EMBEDDING})")
    sql(f"CREATE TABLE trial.partitioned ({EMBEDDING}) PARTITION BY LIST (version_id)")
    for pk in (version.pk, other):
        sql(f"CREATE TABLE trial.of_{pk} PARTITION OF trial.partitioned FOR VALUES IN ({pk})")
        for kind in KINDS:
            sql(
                f"INSERT INTO trial.{kind} SELECT {pk}, image_id, product_id, vector FROM recommender_imageembedding"
                f" WHERE version_id = {version.pk} ORDER BY image_id LIMIT {IMAGES}"
            )
        for table, where in ((f"trial.of_{pk}", ""), ("trial.plain", f" WHERE version_id = {pk}")):
            sql(f"CREATE INDEX ON {table} USING hnsw ((vector::vector({dimensions})) vector_cosine_ops){where}")
    for kind in KINDS:
        sql(f"CREATE UNIQUE INDEX ON trial.{kind} (version_id, image_id)")
        sql(f"CREATE INDEX ON trial.{kind} (product_id)")
        sql(f"ANALYZE trial.{kind}")
    vectors = [row[0] for row in sql(f"SELECT vector::text FROM trial.of_{version.pk} ORDER BY random() LIMIT {CALLS}")]

    def search(kind: str, turn: int) -> None:
        found = nearest.nearest_sql(version, json.loads(vectors[turn]), 100)
        sql(found.text.replace("recommender_imageembedding", f"trial.{kind}"), *found.params)

    def insert(kind: str, turn: int) -> None:
        sql(
            f"INSERT INTO trial.{kind} SELECT {version.pk}, image_id + {(turn + 1) * 10**9}, product_id, vector"
            f" FROM trial.of_{other} ORDER BY image_id LIMIT {BATCH // 10}"
        )

    figures = {"search, ms": in_turns(search, CALLS), f"insert of {BATCH // 10}, ms": in_turns(insert, 10)}
    deletions = {
        "plain": (f"DELETE FROM trial.plain WHERE version_id = {other}", "VACUUM trial.plain"),
        "partitioned": (f"DROP TABLE trial.of_{other}",),
    }
    return figures | deleted(deletions)


def interactions() -> dict[str, dict[str, float]]:
    """Reads of a shopper's history, inserts, and the deletion of the month in the middle."""
    first, last, rows = sql("SELECT min(occurred_at), max(occurred_at), count(*) FROM catalog_interaction")[0]
    step = (last - first) / (MONTHS - 1)
    sql(f"CREATE TABLE trial.plain ({INTERACTION})")
    sql(f"CREATE TABLE trial.partitioned ({INTERACTION}) PARTITION BY RANGE (occurred_at)")
    for month in range(MONTHS):
        sql(
            f"CREATE TABLE trial.month_{month} PARTITION OF trial.partitioned FOR VALUES FROM (%s) TO (%s)",
            first + month * step,
            first + (month + 1) * step,
        )
    for kind in KINDS:
        sql(
            f"INSERT INTO trial.{kind} SELECT id, shopper_id, product_id, kind, occurred_at, recorded_at"
            " FROM catalog_interaction ORDER BY id"
        )
        sql(f"CREATE INDEX ON trial.{kind} (shopper_id, occurred_at DESC)")
        sql(f"CREATE INDEX ON trial.{kind} (product_id)")
    sql("VACUUM ANALYZE trial.plain")
    sql("VACUUM ANALYZE trial.partitioned")
    shoppers = [row[0] for row in sql(f"SELECT id FROM catalog_shopper ORDER BY random() LIMIT {CALLS}")]

    def history(kind: str, turn: int) -> None:
        sql(
            f"SELECT product_id, kind, max(occurred_at) FROM trial.{kind} WHERE shopper_id = %s GROUP BY 1, 2",
            shoppers[turn],
        )

    def insert(kind: str, turn: int) -> None:
        sql(
            f"INSERT INTO trial.{kind} SELECT id, shopper_id, product_id, kind, %s, recorded_at"
            f" FROM catalog_interaction ORDER BY id LIMIT {BATCH}",
            last,
        )

    figures = {"history, ms": in_turns(history, CALLS), f"insert of {BATCH:,}, ms": in_turns(insert, 20)}
    middle = first + MONTHS // 2 * step
    deletions = {
        "plain": (
            f"DELETE FROM trial.plain WHERE occurred_at >= '{middle}' AND occurred_at < '{middle + step}'",
            "VACUUM trial.plain",
        ),
        "partitioned": (f"DROP TABLE trial.month_{MONTHS // 2}",),
    }
    return figures | deleted(deletions)


def in_turns(work: Callable[[str, int], None], turns: int) -> dict[str, float]:
    """The median milliseconds of both kinds, which take turns."""
    times: dict[str, list[float]] = {kind: [] for kind in KINDS}
    for turn in range(turns):
        for kind in KINDS if turn % 2 else KINDS[::-1]:
            began = time.perf_counter()
            work(kind, turn)
            times[kind].append((time.perf_counter() - began) * 1000)
    return {kind: round(statistics.median(laps), 2) for kind, laps in times.items()}


def deleted(statements: dict[str, tuple[str, ...]]) -> dict[str, dict[str, float]]:
    """The milliseconds and the MB of log of a deletion."""
    spent, written = {}, {}
    for kind, steps in statements.items():
        [[start]], began = sql("SELECT pg_current_wal_insert_lsn()"), time.perf_counter()
        for step in steps:
            sql(step)
        spent[kind] = round((time.perf_counter() - began) * 1000, 1)
        written[kind] = round(float(sql("SELECT pg_current_wal_insert_lsn() - %s::pg_lsn", start)[0][0]) / 1e6, 2)
    return {"deletion, ms": spent, "deletion, MB": written}


def sql(statement: str, *params: object) -> list[tuple]:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(statement, params or None)
        return cursor.fetchall() if cursor.description else []


if __name__ == "__main__":
    django.setup()
    random.seed(SEED)
    report = {}
    for name, measure in {"embeddings": embeddings, "interactions": interactions}.items():
        sql("DROP SCHEMA IF EXISTS trial CASCADE")
        sql("CREATE SCHEMA trial")
        try:
            report[name] = measure()
        finally:
            sql("DROP SCHEMA trial CASCADE")
    print(json.dumps(report, indent=1))
