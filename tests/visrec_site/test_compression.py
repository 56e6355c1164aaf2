import gzip

from django.http import HttpResponse

from tests.factories import ProductFactory
from visrec_site.compression import CompressionMiddleware

GZIP = {"Accept-Encoding": "gzip"}


def test_a_response_of_text_is_compressed_for_whoever_accepts_it(client, db):
    for _ in range(5):
        ProductFactory(image=False)

    plain, packed = client.get("/api/v1/products/"), client.get("/api/v1/products/", headers=GZIP)

    assert "Content-Encoding" not in plain.headers
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.content) == plain.content
    assert len(packed.content) < len(plain.content) / 2
    assert "Accept-Encoding" in plain.headers["Vary"]


def test_a_compressed_response_is_revalidated(client, db):
    for _ in range(5):
        ProductFactory(image=False)
    etag = client.get("/api/v1/products/", headers=GZIP).headers["ETag"]

    assert etag.startswith("W/")
    assert client.get("/api/v1/products/", headers=GZIP | {"If-None-Match": etag}).status_code == 304


def test_an_image_is_sent_as_it_is(rf):
    image = HttpResponse(bytes(1000), content_type="image/png")

    assert CompressionMiddleware(lambda request: image)(rf.get("/", headers=GZIP)).content == bytes(1000)


def test_a_short_response_is_sent_as_it_is(rf):
    assert not CompressionMiddleware(lambda request: HttpResponse("short"))(rf.get("/", headers=GZIP)).has_header(
        "Content-Encoding"
    )
