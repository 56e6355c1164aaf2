from dataclasses import replace
from threading import Thread

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from catalog.images import read_image
from catalog.importers.rows import Row
from catalog.importers.writer import check_row, write
from catalog.models import Category, Product
from tests.factories import CategoryFactory, ProductFactory, image_bytes


def items(*skus):
    return [check_row(Row(f"line {sku}", sku, "Told", "Shoes", f"{sku}.jpg", price="5")) for sku in skus]


def pictures_of(batch, hashes):
    return [{item.row.image: read_image(image_bytes(seed))} for seed, item in enumerate(batch)]


@pytest.mark.django_db(transaction=True)
def test_a_product_that_somebody_else_makes_meanwhile_is_updated():
    CategoryFactory(name="Shoes")
    calls = []

    def beaten_to_it(batch, hashes):
        if not calls:
            rival = Thread(target=make_rival)
            rival.start()
            rival.join()
        calls.append(hashes)
        return pictures_of(batch, hashes)

    def make_rival():
        ProductFactory(sku="B", title="Rival", category=Category.objects.get(), image=0)
        connection.close()

    report = write(items("A", "B"), beaten_to_it, dry_run=False)

    assert (report.created, report.updated, len(calls)) == (1, 1, 2)
    assert set(Product.objects.values_list("sku", "title")) == {("A", "Told"), ("B", "Told")}


@pytest.mark.django_db
def test_a_file_that_cannot_be_stored_takes_the_batch_with_it(settings):
    def second_one_cannot_be_stored(batch, hashes):
        first, second = pictures_of(batch, hashes)
        return [first, {name: replace(image, extension="x" * 300) for name, image in second.items()}]

    with pytest.raises(OSError, match="File name too long"):
        write(items("A", "B"), second_one_cannot_be_stored, dry_run=False)

    assert not Product.objects.exists()
    assert not [file for file in settings.MEDIA_ROOT.rglob("*") if file.is_file()]


@pytest.mark.django_db
def test_queries_do_not_grow_with_the_batch(django_assert_num_queries):
    CategoryFactory(name="Shoes")
    stored = [product.sku for product in ProductFactory.create_batch(11, category=CategoryFactory(name="Old"))]

    with CaptureQueriesContext(connection) as small:
        write(items(stored[0], "A"), pictures_of, dry_run=False)
    with django_assert_num_queries(len(small)):
        report = write(items(*stored[1:], *"BCDEFGHIJK"), pictures_of, dry_run=False)

    assert (report.created, report.updated) == (10, 10)
