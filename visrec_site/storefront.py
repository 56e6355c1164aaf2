"""The example of a storefront: storefront.html at an origin of its own, with a publishable key for that."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from django.utils import timezone

from recommender.access import keys
from recommender.access.models import KeyKind

PAGE = Path(__file__).with_name("storefront.html")
SHOP, KEY = "https://shop.example", "pk_of_the_storefront"  # that stand in the page for the real ones
LASTS = timedelta(days=1)  # what an end by SIGKILL leaves of the key


class Handler(BaseHTTPRequestHandler):
    """Handler that returns the page at each address without a folder."""

    def __init__(self, page: bytes, *args: object) -> None:
        self.page = page
        super().__init__(*args)  # type: ignore[arg-type]  # what socketserver passes

    def do_GET(self) -> None:
        if self.path.partition("?")[0] != "/":
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(self.page)))
        self.end_headers()
        self.wfile.write(self.page)

    def log_message(self, *args: object) -> None:
        """Print nothing: a line a request would hide the address."""


@contextmanager
def storefront(shop: str, port: int) -> Iterator[ThreadingHTTPServer]:
    """Create a server of the page on this machine, and its key, which is revoked in the end.

    shop: the shop's origin. port: 0 for any that is free. Raises OSError if another program listens on it.
    """
    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    origins = [f"http://{host}:{server.server_port}" for host in ("127.0.0.1", "localhost")]
    key, secret = keys.create(
        "example of a storefront", KeyKind.PUBLISHABLE, origins=origins, expires_at=timezone.now() + LASTS
    )
    page = PAGE.read_text().replace(SHOP, shop.rstrip("/")).replace(KEY, secret)
    server.RequestHandlerClass = partial(Handler, page.encode())
    try:
        yield server
    finally:
        server.server_close()
        keys.revoke(key)
