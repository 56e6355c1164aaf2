import json
import os
import subprocess
import sys

import pytest
from django.core.exceptions import ImproperlyConfigured

from tests.factories import AccountFactory
from visrec_site import settings

DEFAULTS = {"view": 0.2, "like": 1.0, "dislike": -1.0}


def weights(monkeypatch, text: str) -> dict[str, float]:
    monkeypatch.setenv("VISREC_KIND_WEIGHTS", text)
    return settings.env_weights("VISREC_KIND_WEIGHTS", DEFAULTS)


def test_weights_that_are_not_named_stay(monkeypatch):
    assert weights(monkeypatch, "") == DEFAULTS
    assert weights(monkeypatch, "view=0, dislike=-2.5") == {"view": 0.0, "like": 1.0, "dislike": -2.5}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("wish=1", "names 'wish'; the kinds are: view, like, dislike"),
        ("view", "has 'view'; a number is expected, as in view=0.2"),
        ("view=much", "has 'view=much'; a number is expected"),
        ("like=nan", "has 'like=nan'; the weight of like is 0 or above"),
        ("like=-1", "has 'like=-1'; the weight of like is 0 or above"),
        ("dislike=1", "has 'dislike=1'; the weight of dislike is 0 or below"),
    ],
)
def test_weights_that_make_no_sense_are_told(monkeypatch, text, reason):
    with pytest.raises(ImproperlyConfigured, match=f"VISREC_KIND_WEIGHTS {reason}"):
        weights(monkeypatch, text)


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
    environment = os.environ | ours | {"DJANGO_SETTINGS_MODULE": "visrec_site.settings"}

    done = subprocess.run([sys.executable, "-W", "ignore", "-c", BEHIND_TLS], env=environment, capture_output=True)

    assert json.loads(done.stdout) == {
        "plain": [301, "https://shop.example/login/"],
        "probe": 200,
        "page": [200, "max-age=600"],
        "cookies": [True, True],
    }


def test_a_number_of_seconds_that_is_none_is_told(monkeypatch):
    monkeypatch.setenv("VISREC_HSTS_SECONDS", "a year")
    with pytest.raises(ImproperlyConfigured, match="VISREC_HSTS_SECONDS is 'a year'; it must be a whole number"):
        settings.env_whole("VISREC_HSTS_SECONDS", 0)
