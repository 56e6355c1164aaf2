import json
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from catalog.models import ImageDownload, Product, ProductImage
from tests.factories import CategoryFactory, ProductFactory, clerk, image_bytes
from tests.problems import assert_problem
from tests.recommender.api.conftest import signed_in

URL = "/api/v1/products/batch/"


def row(sku: str, **fields) -> dict[str, object]:
    return {"sku": sku, "title": "Boot", "category": "Boots", "price": "5"} | fields


def test_products_are_written_and_deleted_with_the_reasons_against_others(staff):
    same = staff.get(f"/api/v1/products/{ProductFactory(sku='same', image=False).sku}/").json()
    del same["image"]  # an address, not a picture
    ProductFactory(sku="other")
    ProductFactory(sku="gone")
    rows = [
        row("new"),
        same,
        row("other", in_stock=False),
        row("new"),
        row("a b"),
        row("A-1", colour="red"),
        7,
        {},
        None,
    ]

    response = staff.post(URL, {"upsert": rows, "delete": ["gone", "none", "new", "gone"]})

    found = response.json()
    assert response.status_code == 200
    assert [found[name] for name in ("created", "updated", "unchanged", "deleted")] == [1, 1, 1, 1]
    assert [(entry["list"], entry["index"], sorted(entry["errors"])) for entry in found["failed"]] == [
        ("upsert", 3, ["sku"]),
        ("upsert", 4, ["sku"]),
        ("upsert", 5, ["colour"]),
        ("upsert", 6, ["non_field_errors"]),
        ("upsert", 7, ["category", "price", "sku", "title"]),
        ("upsert", 8, ["non_field_errors"]),
        ("delete", 1, ["sku"]),
        ("delete", 2, ["sku"]),
        ("delete", 3, ["sku"]),
    ]
    assert sorted(Product.objects.values_list("sku", "in_stock")) == [("new", True), ("other", False), ("same", True)]


def test_all_images_are_named_by_their_urls(staff, settings):
    settings.IMAGE_HOSTS = ["img.example"]
    urls = ["http://img.example/1.png", "http://img.example/2.png"]
    rows = [
        row("A-1", image_urls=urls), row("A-2", image_urls=urls, image_url=urls[0]), row("A-3", image_urls=[]),
        row("A-4", image_urls=["http://other.example/1.png"]), row("A-5", image_urls=urls * 51),
    ]  # fmt: skip

    found = staff.post(URL, {"upsert": rows}).json()
    put = staff.put("/api/v1/products/A-6/", row("A-6", image_urls=urls))

    assert (found["created"], put.status_code) == (1, 201)
    assert [(entry["index"], list(entry["errors"])) for entry in found["failed"]] == [
        (1, ["image_urls"]), (2, ["image_urls"]), (3, ["image_urls.0"]), (4, ["image_urls"]),
    ]  # fmt: skip
    named = ImageDownload.objects.order_by("product__sku", "position").values_list("product__sku", "url", "is_primary")
    assert list(named) == [(sku, url, number == 0) for sku in ("A-1", "A-6") for number, url in enumerate(urls)]


def send_form(client, batch: object, **files: bytes):
    """Send a batch as a form, with files of these names, whose suffix is left out here."""
    images = [SimpleUploadedFile(f"{name}.png", data) for name, data in files.items()]
    text = batch if isinstance(batch, str) else json.dumps(batch)
    return client.post(URL, {"batch": text, "images": images}, format="multipart")


def test_an_image_is_refused_with_where_to_send_it(staff):
    (failed,) = staff.post(URL, {"upsert": [row("A-1", image="x")]}).json()["failed"]

    assert failed["errors"] == {
        "image": ["The form has no file 'x'. Send images as files `images` of a form, or as image_url."]
    }


def test_a_form_has_the_images_that_its_products_name(staff):
    ProductFactory(sku="old", image=0)
    rows = [row("old", image="red.png"), row("new", image="red.png"), row("none"), row("bad", image="bad.png")]

    found = send_form(staff, {"upsert": rows}, red=image_bytes(5), bad=b"no image").json()

    assert [found[name] for name in ("created", "updated", "unchanged")] == [2, 1, 0]
    assert [(entry["index"], list(entry["errors"])) for entry in found["failed"]] == [(3, ["image"])]
    images = ProductImage.objects.filter(product__sku__in=["old", "new"])
    assert [Path(image.file.path).read_bytes() for image in images] == [image_bytes(5)] * 2
    assert not Product.objects.get(sku="none").images.exists()


def test_a_form_that_is_sent_again_changes_nothing(staff):
    batch = {"upsert": [row("A-1", image="red.png")]}
    assert send_form(staff, batch, red=image_bytes(5)).json()["created"] == 1

    again = send_form(staff, batch, red=image_bytes(5)).json()

    assert (again["unchanged"], again["failed"]) == (1, [])
    assert ProductImage.objects.count() == 1


def test_a_product_has_its_image_as_a_file_or_by_its_address(staff, settings):
    settings.IMAGE_HOSTS = ["img.example"]
    rows = [row("A-1", image="red.png", image_url="https://img.example/red.png")]

    (failed,) = send_form(staff, {"upsert": rows}, red=image_bytes()).json()["failed"]

    assert list(failed["errors"]) == ["image_url"]


@pytest.mark.parametrize(
    "batch, problem",
    [
        ({"upsert": [row("A-1")]}, {"images": "No product has the image 'red.png'."}),
        ({"upsert": [row("A-1", image=["red.png"])]}, {"images": "No product has the image 'red.png'."}),
        ('{"upsert": [', "JSON parse error"),
        ("[" * 30 + "]" * 30, "nested too deeply"),
        ("7", {"non_field_errors": "Invalid data."}),
        ("", {"batch": "may not be blank"}),
    ],
)
def test_a_form_that_cannot_be_right_writes_nothing(staff, batch, problem):
    response = send_form(staff, batch, red=image_bytes())

    found = response.json()
    assert response.status_code == 400
    if isinstance(problem, str):
        assert problem in found["detail"]
    else:
        assert found["errors"].keys() == problem.keys()
        assert all(problem[name] in str(reasons) for name, reasons in found["errors"].items())
    assert not Product.objects.exists()


def test_two_files_of_one_name_are_refused(staff):
    images = [SimpleUploadedFile("red.png", image_bytes(seed)) for seed in (1, 2)]
    batch = json.dumps({"upsert": [row("A-1", image="red.png")]})

    response = staff.post(URL, {"batch": batch, "images": images}, format="multipart")

    assert response.status_code == 400
    assert response.json()["errors"] == {"images": ["'red.png' is the name of several files."]}


def test_a_form_takes_more_than_a_batch_for_its_files_alone(staff):
    long = {"upsert": [row("A-1", title="x" * 1_100_000)]}
    assert_problem(send_form(staff, long), 413, "The body is too large: at most 1 MB are allowed.")
    assert_problem(staff.post(URL, long), 413, "The body is too large: at most 1 MB are allowed.")

    (failed,) = send_form(staff, {"upsert": [row("A-1", image="a.png")]}, a=b"x" * 1_100_000).json()["failed"]
    assert list(failed["errors"]) == ["image"]


def test_a_form_has_a_hundred_files_at_most(staff):
    response = send_form(staff, {"upsert": [row("A-1")]}, **{f"f{number}": b"x" for number in range(101)})

    assert_problem(response, 400, "100")


def test_images_are_read_only_for_those_who_may_write(db):
    response = send_form(signed_in(clerk("change_product")), {"upsert": [row("A-1", image="a.png")]}, a=b"x")

    assert_problem(response, 403, "This needs the permission catalog.add_product.")


@pytest.mark.parametrize(
    "body", [{}, [], {"upsert": [], "delete": []}, {"upsert": [{}] * 1001}, {"upsert": [{}], "delete": ["x"] * 1000}]
)
def test_a_batch_has_one_to_a_thousand_rows(staff, body):
    assert staff.post(URL, body).status_code == 400


def test_each_list_needs_its_permission(db):
    ProductFactory(sku="A-1")
    changer = signed_in(clerk("change_product"))
    editor = signed_in(clerk("change_product", "add_product"))

    assert_problem(changer.post(URL, {"upsert": [row("A-2")]}), 403, "This needs the permission catalog.add_product.")
    assert_problem(changer.post(URL, {"delete": ["A-1"]}), 403, "This needs the permission catalog.delete_product.")
    (failed,) = editor.post(URL, {"upsert": [row("A-2")]}).json()["failed"]
    assert list(failed["errors"]) == ["category"]
    CategoryFactory(name="Boots")
    assert editor.post(URL, {"upsert": [row("A-2", category="boots")]}).json()["created"] == 1


def test_many_rows_take_as_many_queries_as_few(staff, django_assert_max_num_queries):
    with django_assert_max_num_queries(20):
        assert staff.post(URL, {"upsert": [row(f"A-{number}") for number in range(200)]}).json()["created"] == 200
