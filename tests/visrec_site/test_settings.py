import json
import os
import subprocess
import sys

import pytest
import redis

from tests.factories import AccountFactory
from tests.services import services
from tests.visrec_site.tls import CERTIFICATE, tls_front
from visrec_site import settings


def test_a_database_keeps_what_its_url_asks_for_and_gets_our_session(monkeypatch):
    monkeypatch.setenv("VISREC_REPLICA_URL", "postgres://visrec:secret@second/visrec?sslmode=require")

    found = settings.database("VISREC_REPLICA_URL", is_pooled=False)

    assert (found["HOST"], found["OPTIONS"]["sslmode"]) == ("second", "require")
    assert found["OPTIONS"]["options"].startswith("-c hnsw.ef_search=100 -c hnsw.iterative_scan=strict_order")
    assert not found["DISABLE_SERVER_SIDE_CURSORS"]


def test_a_pooler_gets_nothing_that_outlives_a_transaction(monkeypatch):
    monkeypatch.setenv("VISREC_DATABASE_URL", "postgres://visrec:secret@pooler:6432/visrec")

    found = settings.database("VISREC_DATABASE_URL", is_pooled=True)

    assert found["OPTIONS"] == {}
    assert found["DISABLE_SERVER_SIDE_CURSORS"]


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/login/", "/admin/login/", "/api/v1/products/", "/no-such-page/"])
def test_each_response_tells_browsers_what_it_is_not_for(client, path):
    headers = client.get(path).headers

    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "same-origin"
    assert "default-src 'self'" in headers["Content-Security-Policy"]
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert "charset=utf-8" in headers["Content-Type"] or headers["Content-Type"] == "application/json"


@pytest.mark.django_db
def test_a_session_is_new_after_a_login_and_its_cookie_is_for_the_server_alone(client):
    AccountFactory(username="sam")
    client.get("/products/")
    client.cookies["sessionid"] = "chosen-by-somebody-else"

    client.post("/login/", {"username": "sam", "password": "secret"})

    cookie = client.cookies["sessionid"]
    assert cookie.value != "chosen-by-somebody-else"
    assert len(cookie.value) == 32
    assert (cookie["httponly"], cookie["samesite"]) == (True, "Lax")


def run(program: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a program in a process of its own, which reads the settings anew."""
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "visrec_site.settings"} | environment
    return subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program], env=environment, capture_output=True, text=True
    )


BEHIND_TLS = """
import json, django
django.setup()
from django.test import Client
guest = Client(headers={"Host": "shop.example"})
plain, probe = guest.get("/login/"), guest.get("/healthz")
page = guest.get("/healthz", headers={"X-Forwarded-Proto": "https"})
print(json.dumps({
    "plain": [plain.status_code, plain.headers.get("Location")],
    "probe": probe.status_code,
    "page": [page.status_code, page.headers["Strict-Transport-Security"]],
    "cookies": [django.conf.settings.SESSION_COOKIE_SECURE, django.conf.settings.CSRF_COOKIE_SECURE],
}))
"""


def test_behind_tls_browsers_use_nothing_else():
    ours = {"VISREC_BEHIND_TLS": "yes", "VISREC_HSTS_SECONDS": "600", "VISREC_ALLOWED_HOSTS": "shop.example"}

    done = run(BEHIND_TLS, **ours)

    assert json.loads(done.stdout) == {
        "plain": [301, "https://shop.example/login/"],
        "probe": 200,
        "page": [200, "max-age=600"],
        "cookies": [True, True],
    }


OVER_TLS = """
import django
django.setup()
from django.core.cache import cache
from redis.exceptions import RedisError
from recommender import broker, memory
from visrec_site.celery import app
if not broker.send("sweep"):
    raise SystemExit("the broker is away")
cache.set("over-tls", 1)
app.backend.set("over-tls-result", "2")
print(cache.get("over-tls"), memory.client().ping(), app.backend.get("over-tls-result"))
print(broker.count_waiting("maintenance"))
"""


@pytest.fixture
def tls_broker():
    """The address of the tests' broker over TLS, of a database that nothing else uses."""
    with tls_front(services.run / "redis.sock") as port:
        yield f"rediss://localhost:{port}/9"
    with redis.Redis(unix_socket_path=str(services.run / "redis.sock"), db=9) as used:
        used.flushdb()


def test_broker_results_and_cache_speak_tls(tls_broker):
    url = f"{tls_broker}?ssl_ca_certs={CERTIFICATE}"

    done = run(OVER_TLS, VISREC_BROKER_URL=url, VISREC_CACHE_URL=url)

    assert done.stdout == "1 True b'2'\n1\n", done.stderr


def test_a_broker_with_the_certificate_of_a_stranger_is_sent_nothing(tls_broker):
    done = run(OVER_TLS, VISREC_BROKER_URL=tls_broker, VISREC_CACHE_URL=tls_broker)

    assert (done.stdout, done.stderr.splitlines()[-1]) == ("", "the broker is away")
    assert "CERTIFICATE_VERIFY_FAILED" in done.stderr
