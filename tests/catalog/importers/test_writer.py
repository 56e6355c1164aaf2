from dataclasses import replace
from itertools import product
from threading import Thread

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from catalog.images import read_image
from catalog.importers.rows import Row
from catalog.importers.writer import build_product, check_row, is_plain, write
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


def test_what_is_plain_is_valid_to_the_model():
    skus = ["A-1", "a_b", "", ".", "a b", "a/b", "x" * 100, "x" * 101, "ü"]
    titles = ["Boot", "", "x" * 300, "x" * 301]
    prices = ["5", "5.95", "12345678.12", "123456789", "5.955", "-1", "", "nan", "1e3"]
    others = [(None, None), ("EUR", "https://a.example/p?q=1"), ("eur", None), ("EUR", "ftp://a"), (None, "x" * 2001)]
    plain = []
    for sku, title, price, (currency, url) in product(skus, titles, prices, others):
        row = Row("line 2", sku, title, "Shoes", "a.jpg", price=price, currency=currency, url=url)
        if is_plain(row, price):
            build_product(row, price).clean_fields(exclude={"category"})
            plain.append((sku[:3], title[:3], price, currency))

    assert len(plain) == 3 * 2 * 3 * 2
    assert ("A-1", "Boo", "5.95", "EUR") in plain
