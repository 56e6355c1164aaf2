import time
from contextlib import closing

import pytest
from django.core.cache import cache
from django.db import connection
from redis import Redis

from recommender import broker
from tests.factories import VersionFactory
from tests.services import services, without

pytestmark = pytest.mark.django_db


@pytest.fixture
def at_work(active, active_personal, workers):
    """All that /readyz asks for."""


def test_the_process_lives(client):
    assert client.get("/healthz").content == b"ok\n"


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
def test_probes_are_read_and_nothing_else(client, path):
    assert [client.trace(path).status_code, client.post(path).status_code] == [405, 405]


def test_ready_names_what_lacks(client):
    answer = client.get("/readyz")

    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert answer.json()["checks"] == {
        "database": "ok",
        "broker": "ok",
        "media": "ok",
        "similar model": "no active version",
        "personal model": "no active version",
        "embed worker": "no heartbeat",
        "design worker": "no heartbeat",
        "train worker": "no heartbeat",
        "import worker": "no heartbeat",
        "maintenance worker": "no heartbeat",
        "sweep": "no heartbeat",
    }


def test_ready_when_all_is_at_work(client, at_work):
    answer = client.get("/readyz")

    assert (answer.status_code, answer.json()["status"]) == (200, "ok")


def test_it_tells_which_versions_serve_and_which_are_to(client, active, active_personal):
    progress = {"stage": "training", "done": 3, "of": 22}
    coming = VersionFactory(method="visrec", state="training", activate_when_ready=True, progress=progress)

    told = client.get("/readyz").json()

    assert told["models"] == {"similar": str(active), "personal": str(active_personal), "design": None}
    assert told["training"] == [f"{coming}: training 3 of 22"]


def test_a_session_without_our_settings_is_told(client, at_work):
    with connection.cursor() as cursor:  # as behind a pooler, which drops them
        cursor.execute("SET LOCAL hnsw.iterative_scan = 'off'; SET LOCAL jit = on")

    answer = client.get("/readyz")

    assert answer.status_code == 503
    assert answer.json()["checks"]["database"] == "hnsw.iterative_scan is off, not strict_order; jit is on, not off"


@pytest.mark.parametrize(("name", "label", "seconds"), [("embed", "embed worker", 90), ("sweep", "sweep", 400)])
def test_a_worker_or_a_sweep_that_stands_still_is_named(client, at_work, name, label, seconds):
    cache.set(f"heartbeat:{name}", time.time() - seconds, timeout=None)

    answer = client.get("/readyz")

    assert answer.status_code == 503
    wrong = {check: state for check, state in answer.json()["checks"].items() if state != "ok"}
    assert list(wrong) == [label] and wrong[label].startswith(f"no heartbeat for {seconds // 10}")


def test_media_that_take_no_files_are_named(client, at_work, settings, tmp_path):
    (tmp_path / "file").touch()
    settings.MEDIA_ROOT = tmp_path / "file" / "media"

    answer = client.get("/readyz")

    assert answer.status_code == 503
    assert answer.json()["checks"]["media"] == "takes no files: Not a directory"


def test_what_waits_in_a_queue_is_shown(client, at_work, no_messages):
    broker.send("sweep")

    queues = client.get("/readyz").json()["queues"]

    assert queues["embed"] == {"waiting": 0, "oldest_seconds": None}
    assert queues["maintenance"]["waiting"] == 1 and 0 <= queues["maintenance"]["oldest_seconds"] < 60


def test_a_lost_broker_is_told_and_pages_go_on(client, at_work):
    with without("Valkey"):
        answer = client.get("/readyz")
        page = client.get("/products/")

    assert answer.status_code == 503
    assert answer.json()["checks"]["broker"].startswith("unreachable")
    assert answer.json()["queues"] == {}
    assert page.status_code == 200


@pytest.mark.parametrize("address", ["127.0.0.1", "10.0.0.7", "::ffff:10.0.0.7", "fd00::7"])
def test_metrics_are_prometheus_s(client, address):
    assert b"django_http_requests" in client.get("/metrics", REMOTE_ADDR=address).content


@pytest.mark.parametrize(
    "caller",
    [
        {"REMOTE_ADDR": "8.8.8.8"},
        {"REMOTE_ADDR": "::ffff:8.8.8.8"},
        {"REMOTE_ADDR": "10.0.0.7", "HTTP_X_FORWARDED_FOR": "10.0.0.8"},  # through a proxy
        {"REMOTE_ADDR": ""},  # by a Unix socket
    ],
)
def test_metrics_are_for_callers_inside(client, caller):
    answer = client.get("/metrics", **caller)

    assert answer.status_code == 403
    assert answer.content == b"Metrics are for callers of a private network that do not come through a proxy.\n"


def test_a_broker_that_takes_no_messages_is_named(client, at_work):
    with closing(Redis(unix_socket_path=str(services.run / "redis.sock"))) as server:
        limit = server.config_get("maxmemory")["maxmemory"]
        server.config_set("maxmemory", 1)
        answer = client.get("/readyz")
        server.config_set("maxmemory", limit)

    assert answer.status_code == 503
    assert answer.json()["checks"]["broker"].startswith("takes no messages: ")
