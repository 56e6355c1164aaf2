from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from catalog import downloads, images
from catalog.models import Category, ImageDownload, Product
from catalog.upserts import Upsert, upsert
from tests.factories import ProductFactory, image_bytes
from tests.rivals import in_own_session, rival_before

pytestmark = pytest.mark.django_db


def wanted(sku: str, *, category: str = "Boots", image=None, **fields) -> Upsert:
    return Upsert({"sku": sku, "title": "Boot", "price": Decimal(5), **fields}, category, image)


def test_each_product_is_created_changed_or_left_alone():
    ProductFactory(sku="same", title="Boot", price=5, category__name="Boots", image=False)
    ProductFactory(sku="other", title="Bag", price=5, category__name="Boots", image=False)
    for sku in ("gone", "kept"):
        ProductFactory(sku=sku)
    before = Product.objects.get(sku="same").updated_at

    found = upsert([wanted(sku) for sku in ("new", "same", "other")], ["gone", "none"])

    assert (found.created, found.updated, found.unchanged) == (["new"], ["other"], ["same"])
    assert (found.deleted, found.unknown, found.refused) == (["gone"], ["none"], {})
    assert sorted(Product.objects.values_list("sku", "title"))[:2] == [
        ("kept", Product.objects.get(sku="kept").title),
        ("new", "Boot"),
    ]
    assert Product.objects.get(sku="same").updated_at == before < Product.objects.get(sku="other").updated_at


def test_another_category_or_image_is_a_change():
    upsert([wanted("A-1", image=images.read_image(image_bytes(1))), wanted("A-2")])

    found = upsert(
        [wanted("A-1", image=images.read_image(image_bytes(2))), wanted("A-2", category="Bags"), wanted("A-3")]
    )
    again = upsert([wanted("A-1", image=images.read_image(image_bytes(2))), wanted("A-2", category=" bags ")])

    assert (found.updated, found.created) == (["A-1", "A-2"], ["A-3"])
    assert again.unchanged == ["A-1", "A-2"]
    assert Product.objects.get(sku="A-1").images.count() == 1


def test_images_by_url_are_those_of_the_last_time_and_others_stay():
    product = ProductFactory(sku="A-1", image=1)
    with_urls = [replace(wanted("A-1"), image_urls=("http://img.example/1.png", "http://img.example/2.png"))]
    first = upsert(with_urls)
    for download in ImageDownload.objects.order_by("position"):
        downloads.finish(download, images.read_image(image_bytes(2 + download.position)))
    after = [(image.source, image.position) for image in product.images.order_by("position")]

    again = upsert(with_urls)
    fewer = upsert([replace(wanted("A-1"), image_urls=("http://img.example/2.png",))])

    assert (first.updated, again.unchanged, fewer.updated) == (["A-1"], ["A-1"], ["A-1"])
    assert after == [("http://img.example/1.png", 0), ("http://img.example/2.png", 1)]
    assert [(image.source, image.position) for image in product.images.all()] == [("http://img.example/2.png", 0)]
    assert not ImageDownload.objects.exists()


def test_one_that_is_not_valid_is_refused_with_its_reasons_and_the_others_are_written():
    found = upsert([wanted("a b"), wanted("A-1", currency="euro"), wanted("A-2"), wanted("A-3", category="x" * 101)])

    assert found.created == ["A-2"]
    assert {index: list(reasons) for index, reasons in found.refused.items()} == {
        0: ["sku"],
        1: ["currency"],
        3: ["category"],
    }
    assert not Category.objects.filter(name__startswith="x").exists()


@pytest.mark.django_db(transaction=True)
def test_a_product_that_another_request_creates_at_the_same_time_is_changed():
    def create() -> None:
        with ThreadPoolExecutor() as pool:
            pool.submit(in_own_session, upsert, [wanted("A-1", title="Rival")]).result()

    Category.objects.create(name="Boots")
    with rival_before('INSERT INTO "catalog_product"', create):
        found = upsert([wanted("A-1")])

    assert (found.created, found.updated) == ([], ["A-1"])
    assert Product.objects.get().title == "Boot"


def test_many_take_as_many_queries_as_few():
    counts = []
    for number in (2, 20):
        upsert([wanted(f"{number}-{n}") for n in range(number)])
        with CaptureQueriesContext(connection) as queries:
            upsert([wanted(f"{number}-{n}", title="Shoe") for n in range(number)] + [wanted(f"{number}-new")])
        counts.append(len(queries))

    assert counts[0] == counts[1]
