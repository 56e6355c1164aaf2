import json

import pytest

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


@pytest.mark.parametrize(
    ("message", "sentence"), [("no worker", "No worker."), ("Already one.", "Already one."), ("", ".")]
)
def test_a_message_becomes_a_sentence(message, sentence):
    assert problems.as_sentence(ValueError(message)) == sentence
