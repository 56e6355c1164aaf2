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
    with Image.open(io.BytesIO(form.cleaned_data["image"])) as image:
        assert (image.format, max(image.size)) == ("JPEG", 256)


def test_a_photo_of_too_many_bytes_is_named_with_the_limit(settings):
    settings.MAX_IMAGE_BYTES = 1_500_000
    form = PhotoSearchForm({}, {"image": SimpleUploadedFile("photo.png", bytes(1_600_000))})

    assert form.errors == {"image": ["The file has 1.6 MB; at most 1.5 MB are allowed."]}


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
