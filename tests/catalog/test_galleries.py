"""Imports of products with several images, from files and by URL."""

import pytest

from catalog import downloads, products
from catalog.images import read_image
from catalog.importers import import_products
from catalog.models import ImageDownload, Product, ProductImage
from tests.catalog.importers.builders import write_csv, write_folder
from tests.factories import image_bytes
from tests.internet import response_of

pytestmark = pytest.mark.django_db

A, B, C = (f"http://img.example/{name}.png" for name in "abc")
HEADER = ["sku", "title", "category", "price", "image", "back image"]


@pytest.fixture(autouse=True)
def hosts(settings):
    settings.IMAGE_HOSTS = ["img.example"]


def counts(report):
    return report.created, report.updated, report.unchanged, report.failed


def table(folder, image, back=""):
    return write_csv(folder / "t.csv", [["P", "Shoe", "Shoes", "1", image, back]], HEADER)


def files(folder, **seeds):
    write_folder(folder, {f"{name}.png": image_bytes(seed) for name, seed in seeds.items()})


def seeds() -> list[int]:
    """Which of the first images of the tests the product has, in their order."""
    numbers = {read_image(image_bytes(seed)).content_hash: seed for seed in range(10)}
    return [numbers[image.content_hash] for image in Product.objects.get(sku="P").images.all()]


def everything():
    models = (Product, ProductImage, ImageDownload)
    return [list(model.objects.order_by("pk").values()) for model in models]


def test_front_and_back_become_two_images_and_a_second_import_writes_nothing(tmp_path):
    files(tmp_path, a=1, b=2, c=3)
    source = table(tmp_path, "a.png; b.png", "c.png")

    assert counts(import_products(source)) == (1, 0, 0, 0)
    before = everything()
    assert counts(import_products(source)) == (0, 0, 1, 0)

    assert seeds() == [1, 2, 3]
    assert everything() == before


def test_images_follow_the_table_and_those_added_by_hand_stay_behind(tmp_path):
    files(tmp_path, a=1, b=2, c=3)
    import_products(table(tmp_path, "a.png, b.png"))
    products.add_images(Product.objects.get(), [read_image(image_bytes(9))])

    files(tmp_path, a=4)
    assert counts(import_products(table(tmp_path, "c.png, a.png"))) == (0, 1, 0, 0)

    assert seeds() == [3, 4, 9]


def test_images_that_are_there_move_into_the_order_of_the_table(tmp_path):
    files(tmp_path, a=1, b=2)
    import_products(table(tmp_path, "a.png, b.png"))
    stored = set(ProductImage.objects.values_list("pk", flat=True))

    assert counts(import_products(table(tmp_path, "b.png, a.png"))) == (0, 1, 0, 0)

    assert seeds() == [2, 1]
    assert set(ProductImage.objects.values_list("pk", flat=True)) == stored


def test_a_further_image_that_cannot_be_read_is_told_and_costs_itself_alone(tmp_path):
    files(tmp_path, a=1, c=3)

    report = import_products(table(tmp_path, "a.png, b.png", "c.png"))

    assert counts(report) == (1, 0, 0, 1)
    assert str(report.problems[0]) == "t.csv line 2: b.png: there is no such file"
    assert seeds() == [1, 3]


def test_images_by_url_are_fetched_once_into_the_order_of_the_table(tmp_path, internet):
    internet.responses = [response_of(image_bytes(seed)) for seed in (1, 2, 3)]
    source = table(tmp_path, f"{A}, {B}", C)

    report = import_products(source)
    assert str(report) == "1 created, 0 updated, 0 unchanged, 0 failed; 3 images are to be fetched by their URLs"
    assert str(import_products(source)).startswith("0 created, 0 updated, 1 unchanged, 0 failed; 3 images")
    downloads.run()
    before = everything()
    report = import_products(source)

    assert str(report) == "0 created, 0 updated, 1 unchanged, 0 failed"
    assert seeds() == [1, 2, 3]
    assert everything() == before
    assert len(internet.requests) == 3


def test_an_image_that_comes_late_takes_its_own_place(tmp_path, internet):
    import_products(table(tmp_path, A, B))
    primary, further = ImageDownload.objects.order_by("pk")
    downloads.store(further, read_image(image_bytes(2)))
    products.add_images(Product.objects.get(), [read_image(image_bytes(9))])

    downloads.store(primary, read_image(image_bytes(1)))

    assert seeds() == [1, 2, 9]


def test_an_image_added_meanwhile_makes_room_for_one_that_comes_late(tmp_path, internet):
    import_products(table(tmp_path, A, B))
    primary, further = ImageDownload.objects.order_by("pk")
    downloads.store(primary, read_image(image_bytes(1)))
    products.add_images(Product.objects.get(), [read_image(image_bytes(9)), read_image(image_bytes(8))])

    downloads.store(further, read_image(image_bytes(2)))

    assert seeds() == [1, 2, 9, 8]


def test_a_url_replaces_the_primary_image_once_it_has_come(tmp_path, internet):
    files(tmp_path, a=1)
    import_products(table(tmp_path, "a.png"))
    internet.responses = [response_of(image_bytes(2))]

    assert counts(import_products(table(tmp_path, B))) == (0, 1, 0, 0)
    assert seeds() == [1]
    downloads.run()

    assert seeds() == [2]
    assert counts(import_products(table(tmp_path, B))) == (0, 0, 1, 0)
    assert not ImageDownload.objects.exists()


def test_a_url_of_the_image_that_is_there_leaves_it_and_is_remembered(tmp_path, internet):
    files(tmp_path, a=1)
    import_products(table(tmp_path, "a.png"))
    stored = ProductImage.objects.get()
    internet.responses = [response_of(image_bytes(1))]
    import_products(table(tmp_path, A))
    downloads.run()

    assert ProductImage.objects.get().pk == stored.pk
    assert str(import_products(table(tmp_path, A))) == "0 created, 0 updated, 1 unchanged, 0 failed"


def test_a_file_supersedes_a_url_that_has_not_come(tmp_path, internet):
    files(tmp_path, a=1)
    import_products(table(tmp_path, A, B))
    import_products(table(tmp_path, "a.png"))

    assert not ImageDownload.objects.exists()
    assert seeds() == [1]


def test_an_import_tries_anew_what_was_given_up(tmp_path, internet):
    internet.responses = [b"HTTP/1.1 404 Not Found\r\n\r\n", response_of(image_bytes(1))]
    import_products(table(tmp_path, A))
    downloads.run()
    assert ImageDownload.objects.get().retry_at is None

    assert counts(import_products(table(tmp_path, A))) == (0, 0, 1, 0)
    downloads.run()

    assert seeds() == [1]


@pytest.mark.parametrize(
    ("image", "back", "taken", "problem"),
    [
        ("https://other.example/a.png", "", 0, "the host other.example is not among those in VISREC_IMAGE_HOSTS"),
        ("ftp://img.example/a.png", "", 0, "only http:// and https:// URLs are fetched"),
        (A, "https://other.example/a.png", 1, "the host other.example is not among those in VISREC_IMAGE_HOSTS"),
    ],
)
def test_a_url_that_may_not_be_fetched_is_told(tmp_path, image, back, taken, problem):
    report = import_products(table(tmp_path, image, back), dry_run=True)

    assert counts(report) == (taken, 0, 0, 1)
    assert str(report.problems[0]) == f"t.csv line 2: image: the URL {back or image} is not fetched: {problem}"
    assert not Product.objects.exists()
