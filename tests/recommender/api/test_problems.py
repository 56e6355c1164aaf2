import json

import pytest
from django.db import DatabaseError, IntegrityError, InterfaceError, OperationalError, ProgrammingError
from psycopg2.errors import DiskFull

from recommender.api import problems


def test_a_problem_has_the_members_of_rfc_9457():
    assert problems.problem(404, "There is no product 'A'.") == {
        "type": "about:blank",
        "title": "Not Found",
        "status": 404,
        "detail": "There is no product 'A'.",
        "errors": {},
    }
    assert problems.problem(400, "sku: Taken.", {"sku": ["Taken."]})["errors"] == {"sku": ["Taken."]}


def test_a_problem_outside_of_drf_is_json_of_its_own_media_type():
    response = problems.problem_response(503, problems.DATABASE_AWAY.detail)

    assert (response.status_code, response["Content-Type"]) == (503, "application/problem+json")
    assert json.loads(response.content)["title"] == "Service Unavailable"


@pytest.mark.parametrize("kind", [OperationalError, DatabaseError, InterfaceError])
def test_a_connection_that_the_database_ended_is_no_bug(kind):
    assert problems.outage(kind("server closed the connection unexpectedly")) is problems.DATABASE_AWAY


def test_a_database_whose_disk_is_full_is_named():
    error = OperationalError('could not extend file "base/1/2": No space left on device')
    error.__cause__ = DiskFull()

    assert "no space left" in problems.outage(error).detail


@pytest.mark.parametrize("kind", [IntegrityError, ProgrammingError, ValueError])
def test_what_does_not_pass_by_itself_is_no_outage(kind):
    assert problems.outage(kind("no")) is None


@pytest.mark.parametrize(
    ("message", "sentence"), [("no worker", "No worker."), ("Already one.", "Already one."), ("", ".")]
)
def test_a_message_becomes_a_sentence(message, sentence):
    assert problems.as_sentence(ValueError(message)) == sentence
