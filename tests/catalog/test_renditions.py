import pytest

from catalog.renditions import rendition_name
from tests.factories import ProductFactory, image_bytes

pytestmark = pytest.mark.django_db


def test_browsers_choose_among_the_copies_of_an_image():
    small, large = ProductFactory(image=1), ProductFactory(image=image_bytes(1, size=1000))

    image = large.primary_image
    stem = image.thumbnail.url.removesuffix(".webp")
    assert image.srcset == f"{stem}.webp 480w, {stem}-960.webp 960w"
    assert image.large_url == f"{stem}-960.webp"
    assert all(image.file.storage.exists(name) for name in image.renditions.values())
    assert (small.primary_image.srcset, small.primary_image.large_url) == ("", small.primary_image.file.url)


def test_a_copy_lies_beside_its_thumbnail():
    assert rendition_name("thumbnails/ab/x.webp", 960) == "thumbnails/ab/x-960.webp"
