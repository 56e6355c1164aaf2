import pytest
from django.core.management import call_command

from catalog import image_urls
from tests.factories import ProductFactory, image_bytes
from tests.internet import response_of

pytestmark = pytest.mark.django_db


def test_images_are_fetched_without_a_worker(internet, capsys):
    product = ProductFactory(image=False)
    internet.responses = [response_of(image_bytes(1))]
    image_urls.note_primary({product.pk: "http://img.example/a.png"})

    call_command("fetch_images", verbosity=0)

    assert capsys.readouterr().out == "1 image fetched\n"
    assert product.images.count() == 1
