import logging

import pytest
from django.contrib.auth import get_user_model
from django.core.exceptions import NON_FIELD_ERRORS, SuspiciousOperation, ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, OperationalError, connection
from django.test import Client
from psycopg2.errors import DeadlockDetected
from rest_framework.exceptions import Throttled

from catalog.models import Product
from recommender.api import errors
from recommender.errors import NoActiveVersion, WorkersUnavailable
from tests.factories import ProductFactory
from tests.problems import assert_problem

PRODUCTS = "/api/v1/products/"


def test_a_page_of_a_list_that_is_missing(guest):
    assert_problem(guest.get(PRODUCTS, {"page": 9}), 404, "There is no page '9'")


def test_a_method_that_is_not_offered(guest):
    assert_problem(guest.post("/api/v1/me/recommendations/"), 405, 'Method "POST" not allowed.')


def test_a_media_type_that_is_not_taken(guest):
    assert_problem(
        guest.post("/api/v1/interactions/", "a: 1", content_type="application/yaml"), 415, "application/yaml"
    )


def test_a_media_type_that_is_not_offered(guest):
    assert_problem(guest.get(PRODUCTS, HTTP_ACCEPT="text/csv"), 406, "Accept")


@pytest.mark.parametrize("body", ["{", '{"a": NaN}', "[" * 100_000, "\xff", '{"a": ' + "9" * 5000 + "}"])
def test_json_that_cannot_be_read(guest, body):
    response = guest.post("/api/v1/interactions/", body.encode("latin-1"), content_type="application/json")

    assert_problem(response, 400, "JSON parse error")


def test_a_form_that_cannot_be_read(guest):
    response = guest.post("/api/v1/interactions/", b"x", content_type="multipart/form-data")

    assert_problem(response, 400, "Multipart form parse error")


def test_each_field_with_its_reasons(guest):
    response = guest.get(PRODUCTS, {"min_price": "x", "ordering": "y"})

    assert_problem(response, 400, 'min_price: A valid number is required.; ordering: "y" is not a valid choice.')
    assert response.json()["errors"] == {
        "min_price": ["A valid number is required."],
        "ordering": ['"y" is not a valid choice.'],
    }


def test_a_session_without_its_csrf_token(db):
    client = Client(enforce_csrf_checks=True)
    client.force_login(get_user_model().objects.create_superuser("boss"))

    response = client.post(PRODUCTS, {}, content_type="application/json")

    assert_problem(response, 403, "CSRF Failed")


def test_a_session_with_its_csrf_token(db):
    client = Client(enforce_csrf_checks=True, headers={"X-CSRFToken": "a" * 32})
    client.force_login(get_user_model().objects.create_superuser("boss"))
    client.cookies["csrftoken"] = "a" * 32

    response = client.post(PRODUCTS, {}, content_type="application/json")

    assert_problem(response, 400, "sku: This field is required.")


def test_the_database_away(guest, caplog):
    def refuse(execute, sql, params, many, context):
        raise OperationalError("connection refused")

    with connection.execute_wrapper(refuse):
        response = guest.get(PRODUCTS)

    assert_problem(response, 503, "The database does not answer")
    assert response.headers["Retry-After"] == "5"
    assert [record.levelno for record in caplog.records if record.name == "recommender.api.errors"] == [logging.ERROR]


def test_a_deadlock_is_no_database_that_is_away(guest):
    def refuse(execute, sql, params, many, context):
        raise OperationalError("deadlock detected") from DeadlockDetected()

    with connection.execute_wrapper(refuse):
        response = guest.get(PRODUCTS)

    assert_problem(response, 503, "Others are changing the same just now")
    assert response.headers["Retry-After"] == "1"


@pytest.mark.django_db(transaction=True)  # the key is checked when the transaction ends
def test_what_was_deleted_meanwhile_is_a_conflict_and_nothing_else_that_the_database_refuses():
    with pytest.raises(IntegrityError) as refused:
        Product.objects.filter(pk=ProductFactory().pk).update(category=0)
    assert errors.handle_exception(refused.value, {}).status_code == 409

    ProductFactory(sku="A")
    with pytest.raises(IntegrityError) as refused:
        ProductFactory(sku="A")
    assert errors.handle_exception(refused.value, {}) is None


@pytest.mark.parametrize(
    ("error", "status", "detail", "reasons"),
    [
        (NoActiveVersion("no model version is active"), 503, "No model version is active.", {}),
        (WorkersUnavailable("nobody there"), 503, "Nobody there.", {}),
        (SuspiciousOperation("odd"), 400, "Odd.", {}),
        (ValidationError({"sku": ["Taken.", "Long."]}), 400, "sku: Taken. Long.", {"sku": ["Taken.", "Long."]}),
        (ValidationError({NON_FIELD_ERRORS: ["No."]}), 400, "No.", {"non_field_errors": ["No."]}),
        (ValidationError("No."), 400, "No.", {"non_field_errors": ["No."]}),
    ],
)
def test_an_error_of_ours_or_djangos_is_translated(error, status, detail, reasons):
    response = errors.handle_exception(error, {})

    assert response.status_code == status
    assert (response.data["detail"], response.data["errors"]) == (detail, reasons)


@pytest.mark.parametrize(
    ("limit", "most", "body", "status", "detail"),
    [
        ("DATA_UPLOAD_MAX_MEMORY_SIZE", 1_550_000, {"a": "x" * 1_600_000}, 413, "at most 1.5 MB are allowed."),
        ("DATA_UPLOAD_MAX_NUMBER_FIELDS", 2, {"a": 1, "b": 2, "c": 3}, 400, "At most 2 parameters are allowed."),
        (
            "DATA_UPLOAD_MAX_NUMBER_FILES",
            1,
            {"a": SimpleUploadedFile("a", b"a"), "b": SimpleUploadedFile("a", b"a")},
            400,
            "At most 1 files are allowed.",
        ),
    ],
)
def test_what_django_refuses_to_read_is_named_by_the_request_and_not_by_a_setting(
    guest, settings, limit, most, body, status, detail
):
    setattr(settings, limit, most)

    response = guest.post("/api/v1/search/image/", body, format="multipart")

    assert_problem(response, status, detail)
    assert "DATA_UPLOAD" not in response.content.decode()


def test_throttling_says_for_how_long():
    response = errors.handle_exception(Throttled(wait=0.2), {})

    assert (response.status_code, response["Retry-After"]) == (429, "1")


def test_nested_reasons_become_one_level():
    assert errors.errors_by_field({"a": {"b": ["1"], "c": {"d": "2"}}, "e": ["3", "4"]}) == {
        "a.b": ["1"],
        "a.c.d": ["2"],
        "e": ["3", "4"],
    }
