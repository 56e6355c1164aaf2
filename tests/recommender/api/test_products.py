import base64
import io
import json
import struct
import zlib

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError
from PIL import Image

from catalog import images, products
from catalog.models import Category, Product, ProductImage
from recommender.api.products import rivals
from tests import media
from tests.factories import CategoryFactory, ProductFactory, clerk, embed, image_bytes, turned
from tests.problems import assert_problem
from tests.recommender.api.conftest import signed_in
from tests.rivals import rival_before

URL = "/api/v1/products/"


def upload(data: bytes | None = None, name: str = "boot.png") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, image_bytes() if data is None else data)


def form(**fields) -> dict:
    """What a new product needs, as a multipart form."""
    given = {"sku": "A-1", "title": "Boot", "category": "Boots", "price": "59.90", "image": upload()} | fields
    return {name: value for name, value in given.items() if value is not None}


def bomb(side: int = 30_000) -> bytes:
    """A PNG that says it is `side` pixels square; a few dozen kilobytes that would decode to gigabytes."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    rows = zlib.compress(bytes(1_000_000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def with_exif(exif: bytes) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (24, 24)).save(buffer, "WEBP", exif=b"Exif\0\0" + exif)
    return buffer.getvalue()


def test_staff_add_a_product_by_form(staff):
    response = staff.post(URL, form(attributes='{"colour": "red", "heel": 7.5}', currency="USD"), format="multipart")

    assert response.status_code == 201
    assert response.headers["Location"] == "http://testserver/api/v1/products/A-1/"
    told = response.json()
    assert (told["category"], told["price"], told["currency"]) == ("Boots", "59.90", "USD")
    assert told["attributes"] == {"colour": "red", "heel": 7.5}
    assert told["in_stock"] is True  # a form that does not say is not a box left empty
    assert ProductImage.objects.get().product.sku == "A-1"


@pytest.mark.parametrize("sku", ["A-1", "é,b", 'a?b#c%d&"<e>'])
def test_a_product_is_found_where_the_answer_says(staff, sku):
    made = staff.post(URL, form(sku=sku), format="multipart")

    assert staff.get(made.headers["Location"]).json()["sku"] == sku


@pytest.mark.parametrize("before", ["", "data:image/png;base64,"])
def test_staff_add_a_product_by_json(staff, before):
    image = before + base64.encodebytes(image_bytes()).decode()

    response = staff.post(URL, form(image=image, price=59.9, in_stock=False))

    assert response.status_code == 201
    assert (response.json()["price"], response.json()["in_stock"]) == ("59.90", False)
    assert ProductImage.objects.get().width == 24


def test_a_known_category_is_used_again(staff):
    category = CategoryFactory(name="Boots")

    staff.post(URL, form(), format="multipart")

    assert Product.objects.get().category == category
    assert Category.objects.count() == 1


def test_a_new_picture_is_queued_for_embedding(staff, monkeypatch, django_capture_on_commit_callbacks):
    queued = []
    monkeypatch.setattr("recommender.tasks.embed_images.apply_async", lambda args, _, **options: queued.append(args))

    with django_capture_on_commit_callbacks(execute=True):
        staff.post(URL, form(), format="multipart")

    assert queued == [([ProductImage.objects.get().pk],)]


@pytest.mark.parametrize("method", ["post", "patch", "delete"])
def test_only_staff_write(guest, shopper, method):
    ProductFactory(sku="A-1")
    url = URL if method == "post" else f"{URL}A-1/"

    without, other = getattr(guest, method)(url), getattr(shopper, method)(url)

    assert (without.status_code, without.headers["WWW-Authenticate"]) == (401, "Bearer")
    assert other.status_code == 403
    assert Product.objects.count() == 1


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"sku": None}, "sku"),
        ({"sku": "a b"}, "sku"),
        ({"sku": "a/b"}, "sku"),
        ({"sku": "a\0b"}, "sku"),
        ({"sku": "x" * 101}, "sku"),
        ({"title": ""}, "title"),
        ({"title": "x" * 60_000}, "title"),
        ({"title": "a\0b"}, "title"),
        ({"category": "x" * 101}, "category"),
        ({"price": "NaN"}, "price"),
        ({"price": "-1"}, "price"),
        ({"price": "1e400"}, "price"),
        ({"price": "9" * 5000}, "price"),
        ({"price": "1.234"}, "price"),
        ({"currency": "euro"}, "currency"),
        ({"in_stock": "perhaps"}, "in_stock"),
        ({"image": None}, "image"),
        ({"image": ""}, "image"),
        ({"image": "not base64!"}, "image"),
        ({"attributes": "{"}, "attributes"),
        ({"attributes": "[]"}, "attributes"),
        ({"attributes": '{"a": "\\u0000"}'}, "attributes"),
        ({"attributes": '{"a": NaN}'}, "attributes.a"),
        ({"attributes": '{"a": 1e400}'}, "attributes.a"),
        ({"attributes": '{"a": ' + "1" * 4000 + "}"}, "attributes.a"),
        ({"attributes": '{"a": []}'}, "attributes.a"),
        ({"attributes": json.dumps({"a": "x" * 301})}, "attributes.a"),
        ({"attributes": json.dumps({str(n): n for n in range(51)})}, "attributes"),
    ],
)
def test_a_field_that_makes_no_sense_is_named(staff, fields, field):
    response = staff.post(URL, form(**fields), format="multipart")

    assert response.status_code == 400
    assert list(response.json()["errors"]) == [field]
    assert not Product.objects.exists()


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"),
        (b"This is not a picture.", "Not a picture"),
        (image_bytes(size=200, format="JPEG")[:900], "Damaged"),
        (with_exif(b"@M\0*\0\0\0\x08"), "Damaged: not a TIFF file"),
        (bomb(), "30000×30000 pixels"),
    ],
)
def test_a_bad_picture_is_refused_with_its_reason(staff, data, reason):
    response = staff.post(URL, form(image=upload(data, "boot.jpg")), format="multipart")

    assert response.status_code == 400
    assert list(response.json()["errors"]) == ["image"]
    assert reason in response.json()["errors"]["image"][0]
    assert not Product.objects.exists()


def test_a_picture_of_too_many_bytes_is_refused(staff, settings):
    settings.MAX_IMAGE_BYTES = 100

    response = staff.post(URL, form(), format="multipart")

    assert "at most 100 are taken" in response.json()["errors"]["image"][0]


def test_a_sku_is_taken_once(staff):
    ProductFactory(sku="A-1", title="First")

    response = staff.post(URL, form(), format="multipart")

    assert response.status_code == 409
    assert response.json()["errors"] == {"sku": ["Product with this SKU already exists."]}
    assert Product.objects.get().title == "First"


def test_a_sku_that_another_request_takes_at_the_same_time_is_taken(staff):
    with rival_before('INSERT INTO "catalog_product"', lambda: ProductFactory(sku="A-1")):
        response = staff.post(URL, form(), format="multipart")

    assert response.status_code == 409
    assert response.json()["errors"] == {"sku": ["A product with this SKU was created just now."]}


def test_a_full_medium_is_named(staff, settings):
    settings.STORAGES = media.use(media.Full)

    response = staff.post(URL, form(), format="multipart")

    assert_problem(response, 503, "Files cannot be stored or read just now: no space left on device.")
    assert response.headers["Retry-After"] == "30"


def test_a_picture_that_would_take_too_much_memory_is_to_be_sent_again(staff, monkeypatch, settings):
    monkeypatch.setattr(images, "PATIENCE", 0)

    with images.budget.hold(settings.MAX_IMAGE_PIXELS * 3 // 2, None):
        response = staff.post(URL, form(), format="multipart")

    assert_problem(response, 503, "Other large pictures are being read; try again in a moment.")
    assert response.headers["Retry-After"] == "5"


def test_nothing_but_a_sku_is_named_as_one(db):
    image = ProductFactory().images.get()
    image.pk = None

    with pytest.raises(IntegrityError, match="one_image_per_position"), rivals():
        image.save(force_insert=True)


@pytest.mark.parametrize("change", [{"price": "15"}, {"image": True}])
def test_a_product_that_another_request_deletes_at_the_same_time_is_not_found(staff, change):
    ProductFactory(sku="A-1")
    body = {"image": upload(image_bytes(99))} if "image" in change else change

    with rival_before("FOR NO KEY UPDATE", lambda: products.delete([Product.objects.get()])):
        response = staff.patch(f"{URL}A-1/", body, format="multipart")

    assert_problem(response, 404, "There is no product 'A-1' any more.")


def test_a_change_leaves_the_rest_alone(staff):
    ProductFactory(sku="A-1", title="Boot", price="19.90", attributes={"colour": "red"})
    picture = ProductImage.objects.get()

    response = staff.patch(f"{URL}A-1/", {"price": "15"})

    assert response.json()["price"] == "15.00"
    assert (response.json()["title"], response.json()["attributes"]) == ("Boot", {"colour": "red"})
    assert ProductImage.objects.get() == picture


def test_a_changed_picture_takes_the_place_of_the_former(staff):
    product = ProductFactory(sku="A-1")
    former = product.images.get()

    response = staff.patch(f"{URL}A-1/", {"image": upload(image_bytes(99))}, format="multipart")

    image = product.images.get()
    assert response.json()["image"].endswith(image.file.url)
    assert image.content_hash != former.content_hash


def test_a_change_is_checked(staff):
    ProductFactory(sku="A-1")
    ProductFactory(sku="A-2")

    response = staff.patch(f"{URL}A-1/", {"sku": "A-2", "price": "12"})

    assert list(response.json()["errors"]) == ["sku"]
    assert Product.objects.get(sku="A-1").price != 12


@pytest.mark.parametrize("format", ["json", "multipart"])
def test_a_field_that_no_product_has_is_named_and_nothing_is_written(staff, format):
    ProductFactory(sku="A-1", title="Boot")

    changed = staff.patch(f"{URL}A-1/", {"titel": "Shoe", "title": "Shoe", "price": "?"}, format=format)
    made = staff.post(URL, form(sku="A-2", colour="red"), format="multipart")

    assert changed.status_code == made.status_code == 400
    assert set(changed.json()["errors"]) == {"titel", "price"}
    assert changed.json()["errors"]["titel"] == ["A product has no such field."]
    assert list(made.json()["errors"]) == ["colour"]
    assert Product.objects.get().title == "Boot"


def test_a_product_may_be_sent_back_as_it_was_told(staff):
    ProductFactory(sku="A-1", title="Boot")
    told = staff.get(f"{URL}A-1/").json()
    del told["image"]  # an address, not a picture

    response = staff.patch(f"{URL}A-1/", told | {"title": "Shoe"})

    assert (response.status_code, response.json()["title"]) == (200, "Shoe")


def test_put_creates_a_product_without_an_image_and_replaces_all_but_images(staff):
    body = {"title": "Boot", "category": "Boots", "price": "59.90"}

    made = staff.put(f"{URL}A-1/", body | {"attributes": {"colour": "red"}, "is_hidden": True})
    product = Product.objects.get(sku="A-1")
    products.add_images(product, [images.read_image(image_bytes())])
    replaced = staff.put(f"{URL}A-1/", body | {"title": "Shoe"})

    assert (made.status_code, made.json()["image"], made.json()["is_hidden"]) == (201, None, True)
    assert (replaced.status_code, replaced.json()["title"], replaced.json()["attributes"]) == (200, "Shoe", {})
    assert "is_hidden" not in replaced.json()
    assert replaced.json()["image"].endswith(product.images.get().file.url)


def test_put_replaces_an_image(staff):
    former = ProductFactory(sku="A-1").images.get()

    response = staff.put(f"{URL}A-1/", form(sku=None, image=upload(image_bytes(99))), format="multipart")

    assert response.status_code == 200
    assert ProductImage.objects.get().content_hash != former.content_hash


@pytest.mark.parametrize(
    ("sku", "body", "field"),
    [
        ("A-1", {"title": None}, "title"),
        ("A-1", {"sku": "A-2"}, "sku"),
        ("A-1", {"currency": "€"}, "currency"),
        ("A%20b", {}, "sku"),
        ("x" * 101, {}, "sku"),
    ],
)
def test_put_checks_each_field(staff, sku, body, field):
    given = {"title": "Boot", "category": "Boots", "price": "59.90"} | body
    response = staff.put(f"{URL}{sku}/", {name: value for name, value in given.items() if value is not None})

    assert (response.status_code, list(response.json()["errors"])) == (400, [field])
    assert not Product.objects.exists()


def test_whoever_may_only_change_products_puts_no_new_ones(db):
    client = signed_in(clerk("view_product", "change_product", "add_category"))
    body = {"title": "Boot", "category": "Boots", "price": "59.90"}

    assert client.put(f"{URL}A-1/", body).status_code == 404
    ProductFactory(sku="A-1")
    assert client.put(f"{URL}A-1/", body).status_code == 200


def test_a_deleted_product_is_gone(staff, active):
    embed(ProductFactory(sku="A-1"), active, turned(0))

    response = staff.delete(f"{URL}A-1/")

    assert (response.status_code, response.content) == (204, b"")
    assert not Product.objects.exists()
    assert staff.delete(f"{URL}A-1/").status_code == 404


def test_a_picture_is_read_from_a_stream_of_any_kind(staff):
    response = staff.post(URL, form(image=io.BytesIO(image_bytes())), format="multipart")

    assert response.status_code == 201


def test_characters_that_nobody_sees_are_no_part_of_a_new_sku(staff):
    made = staff.post(URL, form(sku="\ufeffA\u200b-9"), format="multipart")

    assert (made.status_code, made.json()["sku"]) == (201, "A-9")
