import errno

import pytest
from django.db import OperationalError
from django.test import Client

from tests.problems import assert_problem
from visrec_site import errors

pytestmark = pytest.mark.django_db
PRODUCTS = "/api/v1/products/"


def test_an_unknown_route(client):
    assert_problem(client.get("/api/v1/nope/"), 404, "There is nothing at /api/v1/nope/")


def test_a_route_with_a_nul_in_it(client):
    assert_problem(client.get("/api/v1/products/a%00b/"), 404, "There is nothing at")


def test_a_page_that_is_missing_is_no_problem_document(client):
    response = client.get("/nope/")

    assert response.status_code == 404
    assert response.headers["Content-Type"].startswith("text/html")


def test_a_host_that_is_not_ours(db):
    response = Client(headers={"Host": "elsewhere.example"}).get(PRODUCTS)

    assert_problem(response, 400, "The request is not valid.")


def test_a_bug_is_told_and_logged(client, monkeypatch, caplog):
    monkeypatch.setattr("catalog.queries.narrow", lambda *args, **filters: 1 / 0)
    client.raise_request_exception = False

    response = client.get(PRODUCTS, headers={"X-Request-ID": "r-1"})

    assert_problem(response, 500, "It was logged under request r-1.")
    assert "ZeroDivisionError" in caplog.text


@pytest.mark.parametrize("path", ["/admin/", PRODUCTS])
def test_a_medium_that_takes_no_files_is_named(rf, path):
    try:
        raise OSError(errno.EROFS, "Read-only file system")
    except OSError:
        answer = errors.server_error(rf.get(path))

    assert (answer.status_code, answer["Retry-After"]) == (503, "30")
    assert "read-only file system" in answer.content.decode()


@pytest.mark.parametrize(("path", "told"), [("/products/", "database"), (PRODUCTS, "database")])
def test_where_no_view_answers_without_the_database_it_is_said_all_the_same(rf, path, told):
    try:
        raise OperationalError("the server closed the connection unexpectedly")
    except OperationalError:
        answer = errors.server_error(rf.get(path))

    assert (answer.status_code, answer["Retry-After"]) == (503, "5")
    assert told in answer.content.decode()
