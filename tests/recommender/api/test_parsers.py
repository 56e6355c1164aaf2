import json

import pytest

from recommender.api import parsers

INTERACTIONS = "/api/v1/interactions/"
BY_EXAMPLE = "/api/v1/recommendations/by-example/"
PRODUCTS = "/api/v1/products/"


def post(client, url: str, body: object):
    text = body if isinstance(body, str) else json.dumps(body)
    return client.post(url, text, content_type="application/json")


@pytest.mark.parametrize("text", ["\\u0000", "\\ud800", "x\\udfffx"])
def test_half_a_character_that_is_named_in_an_error_can_be_sent(guest, staff, text):
    event = post(guest, INTERACTIONS, '{"session": "s", "sku": "A", "kind": "' + text + '"}')
    field = post(staff, PRODUCTS, '{"' + text + '": 1}')

    assert (event.status_code, field.status_code) == (202, 400)
    assert event.json()["rejected"]


@pytest.mark.parametrize("number", ["1e999", "-1e999", "9" * 400])
def test_a_number_without_bounds_is_refused_by_its_name(guest, number):
    for field in ("min_score", "diversity", "limit"):
        response = post(guest, BY_EXAMPLE, f'{{"{field}": {number}}}')
        assert (response.status_code, list(response.json()["errors"])) == (400, [field])
    assert guest.get("/api/v1/me/recommendations/", {"min_score": "nan"}).status_code == 400


def test_a_body_is_nested_twenty_deep_at_most(guest):
    assert "too deeply" in post(guest, INTERACTIONS, "[" * 30 + "]" * 30).json()["detail"]
    assert post(guest, INTERACTIONS, "[" * 20 + "]" * 20).status_code == 202  # with the event refused


def test_the_length_of_a_list_is_checked_before_its_items(guest):
    refused = post(guest, INTERACTIONS, "[" + ",".join(["[" * 30 + "]" * 30] * 10_001) + "]")

    assert refused.status_code == 400
    assert refused.json()["detail"] == "A list has 10,001 items: at most 10,000 are allowed."


@pytest.mark.parametrize("extra", [{"title": "x" * 70_000}, {f"field {number}": 1 for number in range(6_000)}])
def test_where_an_image_may_be_sent_the_other_fields_are_small(staff, extra):
    response = post(staff, PRODUCTS, {"sku": "A-1", "price": 1, **extra})

    assert response.status_code == 413
    assert response.json()["detail"] == "The body is too large: at most 64 kB are allowed."
    assert len(response.content) < 1000


def test_a_body_without_an_image_is_refused_by_its_beginning(staff):
    assert post(staff, PRODUCTS, '{"title": "' + "x" * 70_000).status_code == 413  # not read up to where it breaks
    assert post(staff, PRODUCTS, '{"image": "' + "x" * 70_000).status_code == 400


def test_many_small_values_beside_an_image_are_refused_before_they_are_made(staff, monkeypatch):
    monkeypatch.setattr(parsers, "load_json", lambda text: pytest.fail("made"))

    assert post(staff, PRODUCTS, '{"image": "a", "b": [' + "[]," * 64_000 + "[]]}").status_code == 413


def test_a_long_image_is_left_to_its_field(staff):
    response = post(staff, PRODUCTS, {"image": "*" * 70_000})

    assert response.status_code == 400
    assert response.json()["errors"]["image"] == ["Neither a file nor base64 text."]


def test_a_batch_of_interactions_has_more_room(guest):
    events = [{"session": "s" * 140, "sku": "none", "kind": "view"} for _ in range(900)]

    assert post(guest, INTERACTIONS, events).status_code == 202
