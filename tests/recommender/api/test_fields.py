import base64

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import QueryDict
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from recommender.api import fields
from recommender.api.product_lists import ProductParams
from tests.factories import CategoryFactory, image_bytes


class Numbers(fields.Strict):
    number = fields.Number(required=False)
    flag = fields.Flag(required=False)


class Described(serializers.Serializer):
    attributes = fields.Attributes()


class Excluded(serializers.Serializer):
    exclude = fields.Skus(required=False)


def reasons(error: pytest.ExceptionInfo[ValidationError]) -> str:
    return str(error.value.detail)


def test_an_unknown_field_is_named_with_the_known_ones():
    with pytest.raises(ValidationError) as refused:
        Numbers().run_validation({"numbr": 1})

    assert refused.value.detail == {"numbr": ["There is no such field; the fields are: number, flag."]}
    assert Numbers().run_validation({"number": "2", fields.CSRF_FIELD: "x"}) == {"number": 2.0}


@pytest.mark.parametrize(
    ("slip", "meant"),
    [("catgory", "category"), ("minprice", "min_price"), ("in-stock", "in_stock"), ("Limit", "limit")],
)
def test_a_parameter_that_is_nearly_one_is_a_slip(slip, meant):
    params = fields.Filters(data={slip: "x"})

    assert not params.is_valid()
    assert params.errors == {slip: [f"There is no such parameter; {meant} is one."]}


@pytest.mark.parametrize("name", ["utm_source", "fbclid", "_", "nocache", "page", "page_size", "sort", "q", "v"])
def test_other_parameters_are_ignored(name):
    assert fields.Filters(data={name: "x"}).is_valid()


def test_an_attribute_may_be_called_nearly_like_a_parameter(db):
    assert ProductParams(data=QueryDict("attributes.price=5&attributes.fit=x")).is_valid()


@pytest.mark.parametrize("value", [True, False])
def test_a_truth_value_is_no_number(value):
    with pytest.raises(ValidationError, match="A valid number is required"):
        fields.Number().run_validation(value)


def test_a_form_that_leaves_a_flag_out_does_not_say_no():
    assert Numbers().run_validation(QueryDict("number=1")) == {"number": 1.0}
    assert Numbers().run_validation(QueryDict("flag=no")) == {"flag": False}


def test_a_price_has_two_decimals_and_is_not_below_0():
    assert str(fields.Price().run_validation("59.9")) == "59.90"
    for wrong in ("-1", "1.999", "123456789", "1_000", "1e2", "\uff15", ".", ""):
        with pytest.raises(ValidationError):
            fields.Price().run_validation(wrong)


@pytest.mark.parametrize("limit", [0, 101, "many"])
def test_a_limit_is_1_to_100(limit):
    assert fields.Limit().run_validation("100") == 100
    with pytest.raises(ValidationError):
        fields.Limit().run_validation(limit)


def test_more_than_a_thousand_skus_are_not_excluded():
    with pytest.raises(ValidationError, match="no more than 1000"):
        Excluded().run_validation(QueryDict("exclude=" + ",".join(f"A-{n}" for n in range(1001))))


def test_a_value_that_is_too_long_for_a_sku_is_only_taken_in_parts():
    long = ",".join(f"SKU-{n:03}" for n in range(20))

    assert Excluded().run_validation(QueryDict(f"exclude={long}"))["exclude"] == long.split(",")


def test_filters_find_a_category_in_any_case_and_order_the_prices(db):
    CategoryFactory(name="Boots")

    assert fields.Filters().run_validation({"category": "bOOts"}) == {"category": "Boots"}
    with pytest.raises(ValidationError, match="There is no category 'Hats'"):
        fields.Filters().run_validation({"category": "Hats"})
    with pytest.raises(ValidationError, match="It is above max_price"):
        fields.Filters().run_validation({"min_price": "2", "max_price": "1"})


def test_attributes_are_an_object_or_its_json_text():
    values = {"colour": "red", "heel": 7.5, "new": True}

    assert fields.Attributes().run_validation(values) == values
    assert fields.Attributes().run_validation('{"colour": "red", "heel": 7.5, "new": true}') == values


@pytest.mark.parametrize(
    ("attributes", "reason"),
    [
        ("{", "Not valid JSON"),
        ([1], "An object with names and values is expected"),
        ({str(n): n for n in range(51)}, "51 attributes; at most 50 are allowed"),
        ({"": 1}, "has 1 to 100 characters"),
        ({"a" * 101: 1}, "has 1 to 100 characters"),
        ({"a": None}, "A text, a number, true or false is expected"),
        ({"a": "x" * 301}, "At most 300 characters are allowed"),
        ({"a": 1e16}, "A number up to 1e+15 is expected"),
        ({"a": float("nan")}, "A number up to 1e+15 is expected"),
        ({"a": "\0"}, "Null characters are not allowed"),
    ],
)
def test_attributes_that_cannot_be_stored_are_named(attributes, reason):
    with pytest.raises(ValidationError) as refused:
        Described().run_validation({"attributes": attributes})

    assert list(refused.value.detail) == ["attributes"]
    assert reason in reasons(refused)


@pytest.mark.parametrize(
    "data",
    [
        SimpleUploadedFile("a", b"bytes"),
        base64.b64encode(b"bytes").decode(),
        f"data:image/png;base64,{base64.b64encode(b'bytes').decode()}",
    ],
)
def test_bytes_come_as_a_file_as_base64_or_as_a_data_url(data):
    assert fields.image_bytes(data) == b"bytes"


@pytest.mark.parametrize(
    ("data", "reason"), [(7, "A file, or an image as base64 text"), ("a b!", "Neither a file nor")]
)
def test_what_holds_no_bytes_is_refused(data, reason):
    with pytest.raises(ValidationError, match=reason):
        fields.image_bytes(data)


def test_an_image_to_store_is_decoded_and_a_photo_stays_as_it_is():
    upload = SimpleUploadedFile("a.png", image_bytes(1, size=400))

    assert fields.ProductImageField().run_validation(upload).width == 400
    upload.seek(0)
    assert fields.PhotoField().run_validation(upload) == image_bytes(1, size=400)


def test_a_file_that_is_no_image_is_refused_with_a_sentence():
    with pytest.raises(ValidationError) as refused:
        fields.ProductImageField().run_validation(SimpleUploadedFile("a.png", b"text"))

    assert reasons(refused).startswith("[ErrorDetail(string='Not a")
