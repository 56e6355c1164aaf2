"""A shop's own storefront: a page at another origin, in a real browser, that calls the API with a publishable key."""

import base64
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer, ThreadingHTTPServer

import pytest
from django.core.servers.basehttp import ThreadedWSGIServer
from django.core.wsgi import get_wsgi_application
from django.test.testcases import QuietWSGIRequestHandler

from catalog.models import Interaction
from recommender.access import keys
from recommender.access.models import ApiKey, KeyKind
from tests.factories import image_bytes
from tests.shop.shop import CHROMIUM, chromium

pytestmark = [
    pytest.mark.slow,
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(
        not CHROMIUM.exists() and os.environ.get("CI") != "true",
        reason="chromium is missing: apt-get install chromium",
    ),
]

ANY_PORT = ("127.0.0.1", 0)

# Each call answers with its status and body, or with "nothing" where the browser lets the page read no response.
CALLS = """async ([api, key, image]) => {
  const call = async (path, options = {}) => {
    const headers = {Authorization: `Bearer ${key}`, ...options.headers};
    try {
      const response = await fetch(api + path, {...options, headers});
      return {status: response.status, id: response.headers.get("X-Request-ID"), body: await response.json()};
    } catch (error) { return "nothing"; }
  };
  const visitor = await call("visitors/", {method: "POST"});
  const guest = {"X-Visitor": visitor === "nothing" ? "none" : visitor.body.visitor};
  const json = {"Content-Type": "application/json"};
  const post = (path, body, headers) =>
    call(path, {method: "POST", body: JSON.stringify(body), headers: {...json, ...headers}});
  const photo = new FormData();
  photo.append("image", await (await fetch(`data:image/png;base64,${image}`)).blob(), "photo.png");
  return {
    products: await call("products/"),
    similar: await call("products/A-0/similar/"),
    photo: await call("search/image/", {method: "POST", body: photo}),
    visitor,
    events: await post("interactions/", {sku: "A-3", kind: "like"}, guest),
    recommendations: await call("visitors/me/recommendations/?explain=1", {headers: guest}),
    models: await call("models/"),
  };
}"""


class Page(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>A storefront</title>")

    def log_message(self, *args: object) -> None:
        pass


@contextmanager
def served(server: HTTPServer) -> Iterator[str]:
    """Serve in a thread; yields the origin."""
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def storefront() -> HTTPServer:
    return ThreadingHTTPServer(ANY_PORT, Page)


def shop() -> HTTPServer:
    server = ThreadedWSGIServer(ANY_PORT, QuietWSGIRequestHandler)
    server.set_app(get_wsgi_application())
    return server


def test_a_page_at_an_origin_of_the_key_uses_the_api_and_one_elsewhere_gets_nothing(trained, worker):
    with served(shop()) as api, served(storefront()) as own, served(storefront()) as other:
        _, key = keys.create("storefront", KeyKind.PUBLISHABLE, origins=[own])
        image = base64.b64encode(image_bytes(2)).decode()
        with chromium() as browser:
            found = {}
            for origin in (own, other):
                page = browser.new_page()
                page.goto(origin)
                found[origin] = page.evaluate(CALLS, [f"{api}/api/v1/", key, image])

    assert {name: answer["status"] for name, answer in found[own].items()} == {
        "products": 200,
        "similar": 200,
        "photo": 200,
        "visitor": 201,
        "events": 202,
        "recommendations": 200,
        "models": 403,
    }
    assert all(answer["id"] for answer in found[own].values())
    assert found[own]["photo"]["body"]["results"][0]["product"]["sku"] == "A-2"
    assert found[own]["events"]["body"]["accepted"] == 1
    assert found[own]["recommendations"]["body"]["strategy"] == "session"
    assert found[own]["recommendations"]["body"]["results"][0]["because"][0]["product"]["sku"] == "A-3"

    assert set(found[other].values()) == {"nothing"}
    assert Interaction.objects.count() == 1
    assert ApiKey.objects.get().last_used_at
