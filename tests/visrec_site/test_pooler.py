"""Web requests through pgbouncer in transaction mode, where it is installed: two connections shared by many threads."""

import os
import shutil
import subprocess
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar
from urllib.parse import quote

import pytest
from django.db import connection, connections
from django.test import Client

from catalog.models import Interaction
from recommender import popularity
from recommender.access import tokens
from recommender.models import Popularity
from tests.factories import AccountFactory, InteractionFactory, ProductFactory, ShopperFactory, embed, turned
from tests.services import services
from visrec_site import embedded
from visrec_site import settings as site

T = TypeVar("T")
PATH = f"{os.environ['PATH']}:/usr/sbin"  # where Debian has it
PGBOUNCER = shutil.which("pgbouncer", path=PATH)
pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(PGBOUNCER is None, reason="pgbouncer is not installed"),
]
THREADS = 8
SETTINGS = """
[databases]
* = host={server} user=visrec
[pgbouncer]
unix_socket_dir = {run}
listen_addr =
listen_port = 6432
auth_type = any
pool_mode = transaction
default_pool_size = 2
"""


@pytest.fixture
def pooler(tmp_path):
    """The folder of a pgbouncer's socket, in front of the tests' server."""
    file = tmp_path / "pgbouncer.ini"
    file.write_text(SETTINGS.format(server=services.run, run=tmp_path))
    command = embedded.as_ordinary_user([str(PGBOUNCER), str(file)], tmp_path)
    with (tmp_path / "log").open("w") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    deadline = time.monotonic() + 30
    while not (tmp_path / ".s.PGSQL.6432").exists():
        assert process.poll() is None and time.monotonic() < deadline, (tmp_path / "log").read_text()
        time.sleep(0.05)
    yield tmp_path
    process.terminate()
    process.wait()


@pytest.fixture
def prepared():
    """The database gives each session what ours need."""
    name = connection.settings_dict["NAME"]
    for setting, value in site.SESSION.items():
        sql(f"ALTER DATABASE {name} SET {setting} = '{value}'")
    connection.close()
    yield
    sql(f"ALTER DATABASE {name} RESET ALL")


@pytest.fixture
def pooled(pooler, monkeypatch):
    """The tests' database by way of the pooler."""
    name = connection.settings_dict["NAME"]
    connection.close()
    monkeypatch.setenv("VISREC_DATABASE_URL", f"postgres://visrec@/{quote(str(pooler), safe='')}/{name}")
    given = site.database("VISREC_DATABASE_URL", is_pooled=True)
    with monkeypatch.context() as patch:
        patch.setitem(connections.settings, "default", connections.settings["default"] | given | {"PORT": 6432})
        del connections["default"]
        yield
        connection.close()
        del connections["default"]


def skus(response) -> list[str]:
    return [result["product"]["sku"] for result in response.json()["results"]]


def sql(statement: str) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchall() if cursor.description else []


def at_once(work: Callable[[int], T]) -> list[T]:
    """The results of work that each of the threads does, with a connection of its own to the pooler."""

    def run(number: int) -> T:
        try:
            return work(number)
        finally:
            connection.close()

    with ThreadPoolExecutor(THREADS) as threads:
        return list(threads.map(run, range(THREADS)))


def with_token() -> dict[str, str]:
    boss = AccountFactory(is_staff=True, is_superuser=True)
    return {"HTTP_AUTHORIZATION": f"Token {tokens.issue(boss)[1]}"}


def test_no_request_takes_another_s_settings(prepared, pooled, active, active_personal):
    ada = ShopperFactory(key="ada")
    for number in range(8):
        product = ProductFactory(sku=f"P-{number}", image=number)
        embed(product, active, turned(11 * number))
        embed(product, active_personal, turned(11 * number))
        if number > 4:
            InteractionFactory(shopper=ada, product=product)
    staff = with_token()
    urls = ["/api/v1/products/P-0/similar/", "/api/v1/users/ada/recommendations/"]  # the latter sets hnsw.ef_search
    first = [skus(Client().get(url, **staff)) for url in urls]
    assert all(first)

    def visit(number: int) -> list[object]:
        client, found = Client(), []
        for turn in range(4):
            found.append(skus(client.get(urls[(number + turn) % 2], **staff)) == first[(number + turn) % 2])
            found.append(sql("SHOW hnsw.ef_search") == [("100",)])
        return found

    assert at_once(visit) == [[True] * 8] * THREADS
    assert len(sql("SELECT FROM pg_stat_activity WHERE datname = current_database()")) <= 2


def test_writers_at_once_lose_nothing_and_count_nothing_twice(prepared, pooled):
    ProductFactory(sku="P-0", image=False)
    own = with_token()

    def like(number: int) -> int:
        events = [
            {"sku": "P-0", "kind": "like", "user": f"u{number}"},
            {"sku": "P-0", "kind": "like", "user": "u", "id": "1"},
        ]
        status = Client().post("/api/v1/interactions/", events, content_type="application/json", **own).status_code
        popularity.count_changed()
        return status

    assert at_once(like) == [202] * THREADS
    assert Interaction.objects.count() == THREADS + 1
    assert Popularity.objects.get().shoppers == THREADS + 1


def test_a_shop_whose_database_lacks_our_settings_is_not_ready(pooled, active, active_personal):
    assert Client().get("/readyz").json()["checks"]["database"].startswith("hnsw.ef_search is not set, not 100")


def test_the_shop_is_ready_once_it_has_them(prepared, pooled, active, active_personal, workers):
    assert Client().get("/readyz").status_code == 200
