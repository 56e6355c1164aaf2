import os

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import connection

from recommender.versions.vectors import index, index_build
from tests.factories import ProductFactory, VersionFactory, embed, turned

pytestmark = pytest.mark.django_db

CLOUD = """
    CREATE TABLE cloud AS
    SELECT (SELECT array_agg(random() + (n + d) * 0) FROM generate_series(1, 16) AS d)::vector(16) AS vector
    FROM generate_series(1, 4000) AS n
"""


def setting(name: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute(f"SHOW {name}")
        return cursor.fetchone()[0]


def test_a_million_vectors_of_128_floats_need_1_3_gb():
    assert 1250 <= index_build.memory_needed(1_000_000, 128) <= 1350


def test_an_index_is_built_in_the_memory_that_it_needs_and_no_more_than_is_granted(settings):
    version = VersionFactory()
    embed(ProductFactory(), version, turned(0))

    index.build_index(version)
    assert setting("maintenance_work_mem") == f"{index_build.LEAST_MEMORY}MB"
    assert setting("max_parallel_maintenance_workers") == str(max(1, os.cpu_count() // 2))

    settings.INDEX_MEMORY = 50
    other = VersionFactory()
    embed(ProductFactory(), other, turned(0))
    index.build_index(other)
    assert setting("maintenance_work_mem") == "50MB"


def test_behind_a_pooler_no_index_is_built(settings):
    settings.POOLER = True

    with pytest.raises(ImproperlyConfigured, match="The build of an index needs a session of its own"):
        index.build_index(VersionFactory())


def test_the_progress_is_reported_while_the_index_is_built(monkeypatch):
    monkeypatch.setattr(index_build, "POLL_SECONDS", 0.01)
    seen = []
    with connection.cursor() as cursor:
        cursor.execute(CLOUD)

        with index_build.reported(lambda done, of: seen.append((done, of))):
            cursor.execute("CREATE INDEX ON cloud USING hnsw (vector vector_l2_ops)")

    blocks = {of for _, of in seen}
    assert len(blocks) == 1
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    assert 0 <= seen[0][0] < seen[-1][0] <= blocks.pop()
    assert index_build.read_progress(connection.connection.info.backend_pid) is None
