import os
import time
from pathlib import Path

import pytest
from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import IntegrityError, OperationalError

from catalog import files, products
from catalog.images import read_image
from catalog.models import Product, ProductImage
from tests import media
from tests.factories import CategoryFactory, ProductFactory, image_bytes

pytestmark = pytest.mark.django_db
PICTURE = read_image(image_bytes(1))


def stored_names() -> set[str]:
    root = Path(default_storage.location)
    return {file.relative_to(root).as_posix() for file in root.rglob("*") if file.is_file()}


def make_old(name: str) -> None:
    then = time.time() - files.AGE.total_seconds() - 60
    os.utime(default_storage.path(name), (then, then))


def test_a_full_medium_gets_neither_row_nor_file(settings):
    settings.STORAGES = media.use(media.Full)

    with pytest.raises(OSError, match="No space left"):
        products.create(sku="A", title="A", category="Shoes", price="5", image=PICTURE)

    assert not Product.objects.exists()
    assert stored_names() == set()


def test_a_refused_product_leaves_no_file():
    ProductFactory(sku="A", image=False)

    with pytest.raises(ValidationError):
        products.create(sku="A", title="A", category="Shoes", price="5", image=PICTURE)

    assert stored_names() == set()


@pytest.mark.parametrize(("error", "left"), [(IntegrityError(), 0), (ValueError(), 0), (OperationalError(), 1)])
def test_files_stay_only_where_nobody_knows_whether_their_rows_do(error, left):
    with pytest.raises(type(error)), files.stored([PICTURE]) as rows:
        assert stored_names() == {rows[0].file.name}
        raise error

    assert len(stored_names()) == left


def test_a_picture_that_the_product_has_already_is_not_stored_twice():
    product = ProductFactory(image=1)
    before = stored_names()

    products.update(product, image=PICTURE)

    assert stored_names() == before


def test_old_files_that_no_row_names_are_removed(django_assert_num_queries, caplog):
    ProductFactory(image=image_bytes(7, size=600))
    shard = files.SHARDS[0x1F]
    named = {f"products/{shard}/{'0' * 24}.png", f"thumbnails/{shard}/{'0' * 24}.webp"}
    ProductImage.objects.update(**dict(zip(("file", "thumbnail"), sorted(named), strict=True)))
    named.add(f"thumbnails/{shard}/{'0' * 24}-960.webp")
    unnamed = {f"products/{shard}/{'1' * 24}.png", f"thumbnails/{shard}/{'1' * 24}-960.webp"}
    foreign, young = f"products/{shard}/readme.txt", f"products/{shard}/{'2' * 24}.png"
    before = stored_names()
    for name in {*named, *unnamed, foreign, young}:
        default_storage.save(name, ContentFile(b""))
        if name != young:
            make_old(name)

    with django_assert_num_queries(2):
        assert files.remove_unnamed(shard) == 2

    assert stored_names() == before | named | {foreign, young}
    assert all(name in caplog.text for name in unnamed)
    assert files.remove_unnamed("e0") == 0


def test_a_file_that_cannot_be_deleted_breaks_no_deletion(settings, caplog, django_capture_on_commit_callbacks):
    product = ProductFactory(category=CategoryFactory())
    name = product.images.get().file.name
    settings.STORAGES = media.use(media.ReadOnly)

    with django_capture_on_commit_callbacks(execute=True):
        products.delete([product])

    assert f"{name} is not deleted" in caplog.text
