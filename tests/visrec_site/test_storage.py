import pytest
from django.core.files.storage import FileSystemStorage, default_storage

from visrec_site.storage import ImageStorage


@pytest.mark.parametrize(
    "name",
    ["products/ab/0123abcdef.jpg", "a b.png", "ü.png", "100%.png", "/abs.png", "../up.png", "a?b#c.png", "C:\\a.png"],
)
def test_urls_are_those_of_files(name):
    assert ImageStorage(base_url="/media/").url(name) == FileSystemStorage(base_url="/media/").url(name)


def test_images_are_stored_so():
    assert default_storage.url("products/ab/c.jpg") == "/media/products/ab/c.jpg"
    assert isinstance(default_storage, ImageStorage) or default_storage._wrapped.__class__ is ImageStorage
