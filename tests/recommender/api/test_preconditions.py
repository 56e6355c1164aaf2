import pytest

from catalog import products
from catalog.models import Product
from tests.factories import ProductFactory, embed, turned
from tests.problems import assert_problem
from tests.rivals import rival_before

URL = "/api/v1/products/A-1/"


@pytest.fixture
def product(active):
    return ProductFactory(sku="A-1", title="Boot")


def test_a_product_is_sent_again_only_if_it_has_changed(guest, product, active):
    first = guest.get(URL)
    again = guest.get(URL, headers={"If-None-Match": f'"x", W/{first.headers["ETag"]}'})
    embed(product, active, turned(0))  # it is findable now
    changed = guest.get(URL, headers={"If-None-Match": first.headers["ETag"]})

    assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", first.headers["ETag"])
    assert (changed.status_code, changed.json()["findable"]) == (200, True)


@pytest.mark.parametrize("method", ["put", "patch", "delete"])
def test_a_version_that_was_changed_meanwhile_is_not_overwritten(staff, product, active, method):
    body = {"title": "Shoe", "category": "Boots", "price": "5"}
    former = staff.get(URL).headers["ETag"]
    staff.patch(URL, {"price": "7"})
    embed(product, active, turned(0))

    refused = getattr(staff, method)(URL, body, headers={"If-Match": former})
    assert_problem(refused, 412, "The product 'A-1' was changed meanwhile.")
    assert Product.objects.get().title == "Boot"

    written = getattr(staff, method)(URL, body, headers={"If-Match": f"{former}, {staff.get(URL).headers['ETag']}"})
    assert written.status_code in (200, 204)


def test_to_become_findable_is_no_change_that_a_write_must_know(staff, product, active):
    read = staff.get(URL).headers["ETag"]
    embed(product, active, turned(0))

    assert staff.patch(URL, {"title": "Shoe"}, headers={"If-Match": read}).status_code == 200


def test_a_change_between_the_check_and_the_write_counts(staff, product):
    etag = staff.get(URL).headers["ETag"]

    with rival_before("FOR NO KEY UPDATE", lambda: products.update(Product.objects.get(), title="Rival")):
        response = staff.patch(URL, {"title": "Shoe"}, headers={"If-Match": etag})

    assert response.status_code == 412
    assert Product.objects.get().title != "Shoe"


@pytest.mark.parametrize("etag", ['"none"', "", '"' + "f" * 14 + "-" + "0" * 16 + '"'])
def test_a_product_is_no_version_that_nobody_has_read(staff, product, etag):
    body = {"title": "Shoe", "category": "Boots", "price": "5"}

    assert staff.patch(URL, {"title": "Shoe"}, headers={"If-Match": etag}).status_code == 412
    assert staff.put("/api/v1/products/new/", body, headers={"If-Match": etag}).status_code == 412


def test_an_asterisk_is_any_version(staff, product):
    assert staff.patch(URL, {"title": "Shoe"}, headers={"If-Match": "*"}).status_code == 200

    body = {"title": "Shoe", "category": "Boots", "price": "5"}
    assert staff.put(URL, body, headers={"If-Match": "*"}).status_code == 200
    refused = staff.put("/api/v1/products/new/", body, headers={"If-Match": "*"})
    assert (refused.status_code, refused.json()["detail"]) == (412, "There is no product 'new'.")


@pytest.mark.parametrize("change", [products.hide, products.show, lambda rows: products.mark_in_stock(rows, False)])
def test_each_change_makes_a_version(staff, product, change):
    Product.objects.update(is_hidden=change is products.show)
    former = staff.get(URL).headers["ETag"]

    change(Product.objects.all())

    assert staff.patch(URL, {"title": "Shoe"}, headers={"If-Match": former}).status_code == 412


def test_a_change_of_images_makes_a_version(staff, product):
    former = staff.get(URL).headers["ETag"]

    products.delete_images(product.images.all())

    assert staff.patch(URL, {"title": "Shoe"}, headers={"If-Match": former}).status_code == 412


def test_a_product_is_created_and_none_replaced_where_none_may_match(staff, product):
    body = {"title": "Shoe", "category": "Boots", "price": "5"}
    headers = {"If-None-Match": "*"}

    assert_problem(staff.put(URL, body, headers=headers), 412, "There is a product 'A-1' already.")
    assert staff.put("/api/v1/products/A-2/", body, headers=headers).status_code == 201
    assert list(Product.objects.order_by("sku").values_list("title", flat=True)) == ["Boot", "Shoe"]
