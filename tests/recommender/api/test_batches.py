import pytest

from catalog.models import Product
from tests.factories import CategoryFactory, ProductFactory, clerk
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
    rows = [row("new"), same, row("other", in_stock=False), row("new"), row("a b"), row("A-1", colour="red"), 7, {}]

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
        ("delete", 1, ["sku"]),
        ("delete", 2, ["sku"]),
        ("delete", 3, ["sku"]),
    ]
    assert sorted(Product.objects.values_list("sku", "in_stock")) == [("new", True), ("other", False), ("same", True)]


def test_an_image_is_refused_with_where_to_send_it(staff):
    (failed,) = staff.post(URL, {"upsert": [row("A-1", image="x")]}).json()["failed"]

    assert failed["errors"] == {"image": ["Images are sent as image_url, or by PUT or PATCH of the product."]}


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
