import logging

import pytest
from django.http import HttpResponse

from visrec_site import request_id
from visrec_site.request_id import RequestIdFilter, RequestIdMiddleware

pytestmark = pytest.mark.django_db


def test_every_answer_has_a_request_id_of_its_own_or_the_caller_s(client):
    own, other = client.get("/healthz")["X-Request-ID"], client.get("/healthz")["X-Request-ID"]
    assert own != other
    assert client.get("/healthz", headers={"X-Request-ID": "abc-1"})["X-Request-ID"] == "abc-1"
    assert client.get("/healthz", headers={"X-Request-ID": "a b\tc"})["X-Request-ID"] != "a b\tc"


def logged_id() -> str:
    record = logging.LogRecord("name", logging.INFO, __file__, 1, "message", None, None)
    assert RequestIdFilter().filter(record) is True
    return record.request_id


def test_what_is_logged_while_a_request_is_served_has_its_id(rf):
    logged = []

    def view(request):
        logged.append(logged_id())
        return HttpResponse()

    response = RequestIdMiddleware(view)(rf.get("/", headers={"X-Request-ID": "abc-1"}))

    assert (logged, response["X-Request-ID"]) == (["abc-1"], "abc-1")
    assert logged_id() == "-"


@pytest.mark.parametrize(("path", "status"), [("/api/v1/keys/", 401), ("/logout/", 405), ("/nowhere/", 404)])
def test_what_django_logs_of_a_refusal_has_its_id(client, caplog, path, status):
    caplog.handler.addFilter(RequestIdFilter())

    assert client.get(path, headers={"X-Request-ID": "abc-1"}).status_code == status

    assert {record.request_id for record in caplog.records if record.name == "django.request"} == {"abc-1"}


def test_a_bug_ends_the_id_of_its_request(rf):
    def view(request):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        RequestIdMiddleware(view)(rf.get("/"))

    assert request_id.current.get() == "-"
