from contextlib import closing

import pytest

from tests.services import services

pytestmark = pytest.mark.django_db


def test_the_process_lives(client):
    assert client.get("/healthz").content == b"ok\n"


def test_ready_names_what_lacks(client):
    answer = client.get("/readyz")

    assert answer.status_code == 503
    assert answer.json()["checks"] == {
        "database": "ok",
        "broker": "ok",
        "similar model": "no active version",
        "personal model": "no active version",
    }


def test_ready_with_both_models(client, active, active_personal):
    answer = client.get("/readyz")

    assert (answer.status_code, answer.json()["status"]) == (200, "ok")


def test_a_lost_broker_is_told_and_pages_go_on(client, active, active_personal):
    services.processes["Valkey"].kill()
    services.processes["Valkey"].wait()
    try:
        answer = client.get("/readyz")
        page = client.get("/products/")
    finally:
        services.restart_ended()

    assert answer.status_code == 503
    assert answer.json()["checks"]["broker"].startswith("unreachable")
    assert page.status_code == 200


def test_metrics_are_prometheus_s(client):
    assert b"django_http_requests" in client.get("/metrics").content


def test_every_answer_has_a_request_id_of_its_own_or_the_caller_s(client):
    own, other = client.get("/healthz")["X-Request-ID"], client.get("/healthz")["X-Request-ID"]
    assert own != other
    assert client.get("/healthz", headers={"X-Request-ID": "abc-1"})["X-Request-ID"] == "abc-1"
    assert client.get("/healthz", headers={"X-Request-ID": "a b\tc"})["X-Request-ID"] != "a b\tc"


def test_media_is_cached_for_ever_and_nothing_else_is_served(client, settings):
    (settings.MEDIA_ROOT / "products").mkdir(parents=True)
    (settings.MEDIA_ROOT / "products" / "a.png").write_bytes(b"png")

    answer = client.get("/media/products/a.png")

    assert b"".join(answer.streaming_content) == b"png"
    assert "immutable" in answer["Cache-Control"] and "public" in answer["Cache-Control"]
    (settings.MEDIA_ROOT / "designs").mkdir()
    (settings.MEDIA_ROOT / "designs" / "b.png").write_bytes(b"png")
    with closing(client.get("/media/designs/b.png")) as design:
        assert design["Cache-Control"].startswith("private")
    assert client.get("/media/../settings.py").status_code == 400
    assert client.get("/media/products/").status_code == 404
