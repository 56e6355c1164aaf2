import gzip
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from django.core.management.base import CommandError

from catalog.errors import ImportFailed
from catalog.importers.remote import local_copy
from catalog.models import Product
from tests.catalog.importers.builders import jpegs, run_command, write_zip

TABLE = b"sku,title,category,price,image\nA,One,Shoes,1,https://img.example/1.jpg\n"


@pytest.fixture
def site() -> Iterator[tuple[str, dict[str, bytes]]]:
    """A server on this machine, and what it has by path; the length of what begins with `cut` is said wrongly."""
    files: dict[str, bytes] = {}

    class Site(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = files.get(self.path)
            self.send_response(404 if body is None else 200)
            self.send_header("Content-Length", str(len(body or b"") + (10 if self.path.startswith("/cut") else 0)))
            self.end_headers()
            self.wfile.write(body or b"")

        def log_message(self, *details: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Site) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", files
        server.shutdown()


@pytest.mark.django_db
def test_products_are_imported_from_a_url_and_then_unchanged(site, tmp_path, settings):
    settings.IMAGE_HOSTS = ["img.example"]
    url, files = site
    with_images = {"t.csv": TABLE.replace(b"https://img.example/", b"").replace(b"A,", b"B,")} | jpegs(["1.jpg"])
    files |= {
        "/feed?format=csv": TABLE,
        "/t.csv": TABLE,
        "/feed.gz": gzip.compress(TABLE),
        "/all": write_zip(tmp_path / "t.zip", with_images).read_bytes(),
    }

    counts = [run_command("import_products", url + path)[0].split(";")[0].strip() for path in files]

    unchanged = "0 created, 0 updated, 1 unchanged, 0 failed"
    assert counts == ["1 created, 0 updated, 0 unchanged, 0 failed", unchanged, unchanged, counts[0]]
    assert set(Product.objects.values_list("sku", flat=True)) == {"A", "B"}
    assert "A | One | Shoes | 1\n" in run_command("import_products", f"{url}/t.csv", "--preview")[0]


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("nowhere", "nowhere cannot be fetched: HTTP Error 404"),
        ("cut", "cut cannot be fetched: .*bytes"),
        (" ", "cannot be"),
    ],
)
def test_what_cannot_be_fetched_whole_is_told(site, path, reason):
    url, files = site
    files["/cut"] = TABLE

    with pytest.raises(ImportFailed, match=reason), local_copy(f"{url}/{path}"):
        pass


def test_errors_name_the_file_alone(site):
    url, files = site
    files["/bad.csv"] = b"sku,title\nA,One\n"

    with pytest.raises(CommandError, match=r"^bad\.csv lacks: category, price, image"):
        run_command("import_products", f"{url}/bad.csv")


@pytest.mark.parametrize("source", ["file:///etc/passwd", "ftp://shop.example/t.csv", "S3://bucket/t.csv"])
def test_other_urls_are_refused_with_those_that_are_taken(source):
    with pytest.raises(ImportFailed, match="a path, or a URL with http:// or https://, is"), local_copy(source):
        pass
