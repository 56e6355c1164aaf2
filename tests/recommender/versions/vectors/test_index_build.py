import os
import queue
import socket
import threading
import time

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import OperationalError, connection

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


@pytest.mark.django_db(transaction=True)
def test_the_server_builds_no_index_for_a_client_that_was_killed():
    version, sessions = VersionFactory(), queue.Queue()

    def build():
        with connection.cursor() as cursor:
            index_build.use_machine(cursor, version)
            sessions.put(connection.connection)
            with pytest.raises(OperationalError):
                cursor.execute("SELECT pg_sleep(60)")  # in an index's place
        connection.close()

    def builds_on(session: int) -> bool:
        with connection.cursor() as cursor:
            cursor.execute("SELECT FROM pg_stat_activity WHERE pid = %s AND state = 'active'", [session])
            return bool(cursor.fetchall())

    thread = threading.Thread(target=build)
    thread.start()
    client = sessions.get(timeout=30)
    session = client.info.backend_pid
    wait_for(lambda: builds_on(session))
    with socket.socket(fileno=os.dup(client.fileno())) as end:
        end.shutdown(socket.SHUT_RDWR)

    wait_for(lambda: not builds_on(session))
    thread.join()


def wait_for(condition) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


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
