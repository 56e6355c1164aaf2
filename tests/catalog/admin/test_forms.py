import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils.datastructures import MultiValueDict

from catalog.admin.forms import ProductForm
from tests.factories import CategoryFactory, image_bytes

pytestmark = pytest.mark.django_db


def product_form(**changes) -> ProductForm:
    values = {"sku": "A-1", "title": "Boots", "category": CategoryFactory().pk, "price": "9.50", "currency": "EUR"}
    files = changes.pop("files", [SimpleUploadedFile("good.png", image_bytes(0))])
    return ProductForm(values | changes, MultiValueDict({"pictures": files}))


def test_several_pictures_come_in_at_once():
    form = product_form(files=[SimpleUploadedFile(f"{seed}.png", image_bytes(seed)) for seed in (1, 2)])

    assert form.is_valid()
    assert [image.extension for image in form.cleaned_data["pictures"]] == ["png", "png"]


def test_a_new_product_needs_a_picture():
    assert "needs a picture" in product_form(files=[]).errors["pictures"][0]


def test_each_bad_picture_is_named(settings):
    settings.MAX_IMAGE_BYTES = 5_000
    files = [
        SimpleUploadedFile("good.png", image_bytes(1)),
        SimpleUploadedFile("text.jpg", b"no picture at all"),
        SimpleUploadedFile("huge.png", bytes(5_001)),
    ]

    errors = product_form(files=files).errors["pictures"]

    assert len(errors) == 2
    assert errors[0].startswith("text.jpg: not a picture")
    assert errors[1].startswith("huge.png: 5,001 bytes")


@pytest.mark.parametrize(
    ("field", "value"),
    [("sku", "A 1"), ("sku", "A/1"), ("price", "-1"), ("price", "NaN"), ("currency", "euro"), ("attributes", "[1]")],
)
def test_a_field_that_makes_no_sense_is_refused(field, value):
    assert list(product_form(**{field: value}).errors) == [field]
