import errno
from contextlib import closing

import psycopg2
import pytest
from django.contrib.sessions.backends.base import UpdateError
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.exceptions import SessionInterrupted
from django.contrib.sessions.models import Session
from django.db import OperationalError, connection
from django.test import Client

from tests.factories import AccountFactory
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

    assert_problem(response, 400, "The header Host names no host of this shop")


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


@pytest.mark.django_db(transaction=True)
def test_a_session_that_the_database_does_not_save_is_no_fault_of_the_visitor(client, settings):
    settings.SESSION_SAVE_EVERY_REQUEST = True
    client.force_login(AccountFactory())
    with closing(psycopg2.connect(**connection.get_connection_params())) as other, other.cursor() as holder:
        holder.execute("LOCK TABLE django_session IN SHARE MODE")
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '50ms'")
        answer = client.get("/products/")
    with connection.cursor() as cursor:
        cursor.execute("RESET lock_timeout")

    assert (answer.status_code, answer["Retry-After"]) == (503, "5")


def test_a_session_that_was_deleted_meanwhile_is_told(rf):
    store = SessionStore()
    store.create()
    Session.objects.all().delete()
    with pytest.raises(UpdateError) as deleted:
        store.save()
    interrupted = SessionInterrupted()
    interrupted.__context__ = deleted.value

    assert errors.bad_request(rf.get("/"), interrupted).status_code == 400
