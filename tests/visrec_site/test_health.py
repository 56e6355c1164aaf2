import pytest
from django.db import connection

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


def test_a_session_without_our_settings_is_told(client, active, active_personal):
    with connection.cursor() as cursor:  # as behind a pooler, which drops them
        cursor.execute("SET LOCAL hnsw.iterative_scan = 'off'; SET LOCAL jit = on")

    answer = client.get("/readyz")

    assert answer.status_code == 503
    assert answer.json()["checks"]["database"] == "hnsw.iterative_scan is off, not strict_order; jit is on, not off"


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
