from datetime import timedelta

import pytest
from django.utils import timezone

from catalog import downloads, image_urls, products
from catalog.images import read_image
from catalog.models import ImageDownload
from tests.factories import ProductFactory, image_bytes
from tests.internet import response_of

pytestmark = pytest.mark.django_db

URL = "http://img.example/a.png"
GONE = b"HTTP/1.1 404 Not Found\r\n\r\n"
BUSY = b"HTTP/1.1 503 Unavailable\r\n\r\n"


@pytest.fixture
def product():
    return ProductFactory(image=0)


def hashes(product) -> list[str]:
    return [image.content_hash for image in product.images.all()]


def hash_of(seed: int) -> str:
    return read_image(image_bytes(seed)).content_hash


def test_a_primary_image_is_replaced_and_others_follow_behind(product, internet):
    internet.responses = [response_of(image_bytes(1)), response_of(image_bytes(2))]
    image_urls.note_primary({product.pk: URL})
    image_urls.note_further(product, URL)

    assert downloads.run() is False

    assert hashes(product) == [hash_of(1), hash_of(2)]
    assert not ImageDownload.objects.exists()


def test_a_later_url_takes_the_place_of_an_earlier_one(product, internet):
    internet.responses = [response_of(image_bytes(1))]
    image_urls.note_primary({product.pk: "http://img.example/old.png"})
    image_urls.note_primary({product.pk: URL})

    downloads.run()

    assert len(internet.requests) == 1 and internet.requests[0].startswith(b"GET /a.png ")
    assert hashes(product) == [hash_of(1)]


def test_an_image_that_is_sent_supersedes_one_that_is_being_fetched(product, internet):
    image_urls.note_primary({product.pk: URL})
    download = downloads.claim()

    products.replace_primary_image(product, read_image(image_bytes(2)))
    downloads.store(download, read_image(image_bytes(1)))

    assert hashes(product) == [hash_of(2)]
    assert not ImageDownload.objects.exists()


def test_an_image_of_a_product_that_is_gone_is_dropped(product, internet):
    image_urls.note_primary({product.pk: URL})
    download = downloads.claim()
    products.delete([product])

    downloads.store(download, read_image(image_bytes(1)))

    assert not ImageDownload.objects.exists()


@pytest.mark.parametrize(
    ("response", "problem"),
    [
        (GONE, "img.example answers 404"),
        (response_of(b"<html>"), "not a picture that can be read"),
    ],
)
def test_what_will_never_be_an_image_is_not_fetched_again(product, internet, response, problem):
    internet.responses = [response]
    image_urls.note_primary({product.pk: URL})

    downloads.run()

    failed = ImageDownload.objects.get()
    assert (failed.retry_at, failed.tries) == (None, 1)
    assert problem in failed.problem
    assert hashes(product) == [hash_of(0)]


def test_a_host_that_is_busy_is_asked_again_ever_later_and_not_for_ever(product, internet):
    internet.responses = [BUSY] * downloads.TRIES
    image_urls.note_primary({product.pk: URL})
    pauses = []
    for _ in range(downloads.TRIES):
        downloads.run()
        [retry_at] = ImageDownload.objects.values_list("retry_at", flat=True)
        pauses.append(retry_at and round((retry_at - timezone.now()).total_seconds() / 60))
        ImageDownload.objects.exclude(retry_at=None).update(retry_at=timezone.now() - timedelta(seconds=1))

    assert pauses == [1, 4, 16, 64, 256, None]
    assert ImageDownload.objects.get().problem == "img.example answers 503"


def test_a_run_ends_after_a_while_and_says_that_more_is_due(product, internet, monkeypatch):
    monkeypatch.setattr(downloads, "SECONDS", 0)
    image_urls.note_primary({product.pk: URL})

    assert downloads.run() is True
    assert internet.requests == []


def test_a_command_fetches_each_image_once_and_says_what_there_is_not(internet):
    urls = [f"http://img.example/{name}.png" for name in "abc"]
    products = [ProductFactory(image=0) for _ in urls]
    image_urls.note_primary({product.pk: url for product, url in zip(products, urls, strict=True)})
    ImageDownload.objects.filter(url=urls[0]).update(retry_at=None, tries=downloads.TRIES)  # it was given up
    internet.responses = [BUSY] * 3

    assert downloads.run_all() == f"0 images fetched, 3 not, such as {urls[0]}: img.example answers 503"
    assert len(internet.requests) == 3

    internet.responses = [response_of(image_bytes(1))] * 3
    assert downloads.run_all() == "3 images fetched"
    assert [hashes(product) for product in products] == [[hash_of(1)]] * 3


def test_what_was_given_up_is_due_again_at_once(internet):
    product = ProductFactory(image=0)
    image_urls.note_primary({product.pk: URL})
    ImageDownload.objects.update(retry_at=None, tries=downloads.TRIES)
    assert not downloads.is_due()

    assert downloads.try_again() == 1

    assert downloads.is_due() and ImageDownload.objects.get().tries == 0
