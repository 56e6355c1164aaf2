import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from recommender.models import Design
from recommender.pages.forms import BALANCE, DesignForm, PhotoSearchForm, TailorForm
from tests.factories import CategoryFactory, ProductFactory, image_bytes


def test_a_photo_is_reduced_to_what_a_worker_needs():
    form = PhotoSearchForm({}, {"image": SimpleUploadedFile("photo.png", image_bytes(1, size=500))})

    assert form.is_valid()
    shown = form.cleaned_data["shown"]
    assert Image.open(io.BytesIO(shown.photo.whole)).format == "JPEG"
    assert shown.size == (500, 500) and shown.photo.part is None


def test_the_photo_that_the_page_shows_is_searched_by_again():
    first = PhotoSearchForm({}, {"image": SimpleUploadedFile("photo.png", image_bytes(1, size=500))})
    assert first.is_valid()

    again = PhotoSearchForm({"photo": first.cleaned_data["shown"].base64, "box": "0.5,0,1,0.5"})

    assert again.is_valid()
    photo = again.cleaned_data["shown"].photo
    assert photo.box == (0.5, 0, 1, 0.5)
    assert Image.open(io.BytesIO(photo.part)).size == (250, 250)


@pytest.mark.parametrize(
    ("edges", "box"),
    [
        ({}, None),
        ({"left": "0", "top": "0", "right": "100", "bottom": "100"}, None),
        ({"left": "10", "top": "0", "right": "60"}, None),
        ({"left": "10", "top": "0", "right": "60", "bottom": "50"}, (0.1, 0, 0.6, 0.5)),
    ],
)
def test_a_part_is_chosen_by_four_numbers(edges, box):
    form = PhotoSearchForm(edges, {"camera": SimpleUploadedFile("photo.png", image_bytes(1, size=90))})

    assert form.is_valid()
    assert form.cleaned_data["shown"].photo.box == box


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        ({"photo": "no base64"}, "Choose a photo first."),
        ({"box": "0.5,0,0.2,1"}, "That is no part of the photo: Left is less than right"),
        ({"box": "1,x"}, "That is no part of the photo: could not convert"),
        ({"left": "200", "top": "0", "right": "9", "bottom": "9"}, "less than or equal to 100"),
    ],
)
def test_what_is_no_photo_or_no_part_is_named(data, reason):
    files = {} if "photo" in data else {"image": SimpleUploadedFile("photo.png", image_bytes(1))}

    form = PhotoSearchForm(data, files)

    assert reason in str(form.errors)


def test_a_photo_of_too_many_bytes_is_named_with_the_limit(settings):
    settings.MAX_IMAGE_BYTES = 1_500_000
    form = PhotoSearchForm({}, {"image": SimpleUploadedFile("photo.png", bytes(1_600_000))})

    assert form.non_field_errors() == ["The file has 1.6 MB; at most 1.5 MB are allowed."]


@pytest.mark.parametrize(("position", "eta"), list(enumerate(BALANCE)))
def test_each_position_of_the_slider_is_a_weight_of_realism(db, generator, position, eta):
    category = CategoryFactory(name="Shoes")

    form = DesignForm({"category": category.pk, "balance": position})

    assert form.is_valid() and (form.cleaned_data["category"], form.eta) == (category, eta)


def test_only_the_generator_s_categories_can_be_chosen(db, generator):
    other = CategoryFactory(name="Bags")

    assert DesignForm({"category": other.pk, "balance": 0}).errors == {
        "category": ["The generator has not learned this category."]
    }
    assert [category.name for category in DesignForm().fields["category"].queryset] == ["Shoes"]


def test_without_a_generator_no_category_can_be_chosen(db):
    CategoryFactory(name="Shoes")

    assert list(DesignForm().fields["category"].queryset) == []


@pytest.mark.parametrize(("eta", "position"), [(0.0, 0), (0.12, 1), (1.0, 3), (100.0, 5)])
def test_a_design_s_form_has_its_category_and_the_nearest_position(db, eta, position):
    form = DesignForm.from_design(Design(category_id=7, eta=eta))

    assert form.initial == {"category": 7, "balance": position}


def test_a_product_changes_by_so_many_percent_or_by_five(db):
    product = ProductFactory()

    some, default = TailorForm({"sku": product.sku, "change": "30"}), TailorForm({"sku": product.sku})

    assert some.is_valid() and default.is_valid()
    assert (some.budget, default.budget) == (0.3, 0.05)
    assert TailorForm.from_design(Design(product=product, budget=0.07)).initial == {"sku": product.sku, "change": 7}


def test_a_product_without_an_image_cannot_be_tailored(db):
    assert TailorForm({"sku": ProductFactory(image=False).sku}).errors == {
        "sku": ["There is no such product with a picture."]
    }
