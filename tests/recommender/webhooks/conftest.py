"""A receiver of webhooks on this machine, which the allow-list names."""

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from recommender.webhooks import endpoints
from recommender.webhooks.models import Event, Webhook


class Receiver(ThreadingHTTPServer):
    """Answers with the statuses in `answers`, one after another, then with 204; keeps what it got."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers: list[int] = []
        self.got: list[tuple[dict[str, str], str]] = []  # headers, body
        self.url = f"http://127.0.0.1:{self.server_port}/hooks?shop=1"


class Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.server.got.append(({name.lower(): value for name, value in self.headers.items()}, body))
        self.send_response(self.server.answers.pop(0) if self.server.answers else 204)
        self.send_header("Location", "http://127.0.0.1:1/")
        self.end_headers()

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def receiver(settings) -> Iterator[Receiver]:
    with Receiver() as server:
        settings.WEBHOOK_HOSTS = [f"127.0.0.1:{server.server_port}"]
        Thread(target=server.serve_forever).start()
        yield server
        server.shutdown()


@pytest.fixture
def webhook(db, receiver) -> Webhook:
    return endpoints.create(receiver.url, [Event.TRAINED, Event.IMPORTED])
