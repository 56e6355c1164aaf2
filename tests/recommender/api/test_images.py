import base64

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from catalog import products
from catalog.images import read_image
from catalog.models import ProductImage
from recommender.api import images
from tests.factories import ProductFactory, image_bytes
from tests.problems import assert_problem

URL = "/api/v1/products/A-1/images/"


@pytest.fixture
def product():
    return ProductFactory(sku="A-1", image=0)


def add(product, seed: int) -> ProductImage:
    [added] = products.add_images(product, [read_image(image_bytes(seed))])
    return added


def ids(response) -> list[int]:
    return [image["id"] for image in response.json()]


def test_images_are_added_behind_the_others_as_a_file_or_as_text(staff, guest, product):
    [first] = ids(guest.get(URL))

    as_file = staff.post(URL, {"image": SimpleUploadedFile("b.png", image_bytes(1))}, format="multipart")
    as_text = staff.post(URL, {"image": base64.b64encode(image_bytes(2)).decode()})

    assert (as_file.status_code, as_text.status_code) == (201, 201)
    assert ids(as_text)[:2] == ids(as_file) and ids(as_file)[0] == first
    last = guest.get(URL).json()[2]
    stored = ProductImage.objects.get(pk=last["id"])
    assert last == {
        "id": stored.pk,
        "url": f"http://testserver{stored.file.url}",
        "width": stored.width,
        "height": stored.height,
    }


def test_an_image_that_is_sent_twice_by_one_key_is_added_once(staff, product):
    def send(key: str):
        return staff.post(URL, {"image": base64.b64encode(image_bytes(1)).decode()}, headers={"Idempotency-Key": key})

    first, again = send("k"), send("k")

    assert (first.status_code, again.status_code, again.json()) == (201, 201, first.json())
    assert product.images.count() == 2
    assert len(send("other").json()) == 3


def test_images_are_put_in_order_and_the_first_is_the_primary_one(staff, product):
    first = product.images.get()
    second, third = add(product, 1), add(product, 2)

    ordered = staff.put(URL, {"order": [third.pk]})

    assert ids(ordered) == [third.pk, first.pk, second.pk]
    assert staff.get("/api/v1/products/A-1/").json()["image"] == ordered.json()[0]["url"]


def test_an_image_of_another_product_is_not_put_in_order(staff, product):
    other = ProductFactory().images.get()
    assert_problem(staff.put(URL, {"order": [other.pk]}), 400, f"The product has no image {other.pk}.")


def test_an_image_is_deleted(staff, product):
    second = add(product, 1)

    assert staff.delete(f"{URL}{product.images.first().pk}/").status_code == 204
    assert ids(staff.get(URL)) == [second.pk]
    assert_problem(staff.delete(f"{URL}999999/"), 404, "The product 'A-1' has no image 999999.")


def test_a_product_has_a_limited_number_of_images(staff, product, monkeypatch):
    monkeypatch.setattr(images, "MAX_IMAGES", 1)

    refused = staff.post(URL, {"image": base64.b64encode(image_bytes(1)).decode()})

    assert_problem(refused, 400, images.FULL)
    assert product.images.count() == 1


def test_images_of_a_hidden_product_are_for_those_who_see_it(staff, guest):
    ProductFactory(sku="A-1", is_hidden=True)
    assert (guest.get(URL).status_code, staff.get(URL).status_code) == (404, 200)
