import base64

from recommender.api.batches import check_rows
from recommender.api.product_inputs import BOTH_IMAGES, NO_FIELD, ProductInput, ProductUpsert
from tests.factories import image_bytes

BOOT = {"sku": "A-1", "title": "Boot", "category": "Boots", "price": "59.90"}
IMAGE = base64.b64encode(image_bytes()).decode()


def errors(serializer) -> dict[str, list[str]]:
    serializer.is_valid()
    return {name: [str(reason) for reason in reasons] for name, reasons in serializer.errors.items()}


def test_a_new_product_needs_an_image_or_its_url(settings):
    settings.IMAGE_HOSTS = ["img.example"]
    url = "https://img.example/a.png"

    assert errors(ProductInput(data=BOOT)) == {"image": ["This field is required."]}
    assert errors(ProductInput(data=BOOT | {"image": IMAGE})) == {}
    assert errors(ProductInput(data=BOOT | {"image_url": url})) == {}
    assert errors(ProductInput(data=BOOT | {"image_url": url, "image": IMAGE})) == {"image_url": [BOTH_IMAGES]}
    assert errors(ProductUpsert(data=BOOT)) == errors(ProductInput(data={"title": "Boot"}, partial=True)) == {}


def test_names_of_unknown_fields_are_told_but_those_of_a_response():
    assert ProductInput().unknown_among(BOOT | {"colour": "red", "id": 1, "findable": True}) == ["colour"]
    assert NO_FIELD == "A product has no such field."


def test_a_product_whose_address_is_another_resource_is_refused():
    product = BOOT | {"sku": "batch"}

    assert errors(ProductInput(data=product | {"image": IMAGE})) == errors(ProductUpsert(data=product))
    assert list(errors(ProductUpsert(data=product))) == ["sku"]
    assert list(check_rows([product], {}, pages="", may_add_categories=True)[1]) == [0]
