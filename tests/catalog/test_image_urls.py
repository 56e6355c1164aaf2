import pytest

from catalog import image_urls
from catalog.models import ImageDownload
from catalog.signals import downloads_requested
from tests.factories import ProductFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def told() -> list[object]:
    received: list[object] = []

    def receive(sender: object, **kwargs: object) -> None:
        received.append(sender)

    downloads_requested.connect(receive)
    yield received
    downloads_requested.disconnect(receive)


def test_a_product_has_one_url_of_its_primary_image(told):
    product = ProductFactory()
    image_urls.note_primary({product.pk: "http://img.example/a.png"})
    image_urls.note_primary({product.pk: "http://img.example/b.png"})
    image_urls.note_further(product, "http://img.example/c.png")

    urls = list(ImageDownload.objects.values_list("url", "is_primary"))
    assert urls == [("http://img.example/b.png", True), ("http://img.example/c.png", False)]
    assert told == [ImageDownload] * 3

    image_urls.forget_primary([product.pk])
    assert [download.is_primary for download in ImageDownload.objects.all()] == [False]


def test_nothing_is_requested_without_a_url(told):
    image_urls.note_primary({})
    assert told == []
