"""The collection of requests for Postman and others, client/postman.py, sent as such a program sends them."""

import json
import re
from urllib.parse import urlencode

import pytest
from django.core.management import call_command
from postman import collection_of
from rest_framework.test import APIClient

from catalog.models import Interaction, Product
from tests.factories import AccountFactory, ProductFactory

pytestmark = [pytest.mark.slow, pytest.mark.django_db]


@pytest.fixture(scope="module")
def document(tmp_path_factory):
    file = tmp_path_factory.mktemp("openapi") / "openapi.json"
    call_command("spectacular", "--format", "openapi-json", "--file", str(file))
    return json.loads(file.read_text())


@pytest.fixture(scope="module")
def requests(document):
    """The requests by their methods and paths."""
    items = [item["request"] for folder in collection_of(document)["item"] for item in folder["item"]]
    return {f"{each['method']} {each['url']['raw'].removeprefix('{{shop}}/api/v1/')}": each for each in items}


@pytest.fixture
def send():
    """Send a request of the collection, its variables replaced, as a superuser; returns the response."""
    client = APIClient()
    client.force_authenticate(AccountFactory(is_superuser=True, is_staff=True))

    def send(request, **variables: str):
        url = request["url"]
        assert url["raw"] == "/".join(["{{shop}}", *url["path"]])
        path = re.sub(r":(\w+)", lambda match: variables[match[1]], url["raw"].removeprefix("{{shop}}"))
        query = {each["key"]: each["value"] for each in url["query"] if not each["disabled"]}
        body = request.get("body", {}).get("raw", "")
        kind = {"content_type": "application/json"} if body else {}
        return client.generic(request["method"], path, body, QUERY_STRING=urlencode(query), **kind)

    return send


def test_it_has_each_operation_once(document, requests):
    operations = [operation for path in document["paths"].values() for operation in path.values()]

    assert len(requests) == len(operations) > 60
    assert {request["description"] for request in requests.values()} == {each["description"] for each in operations}


def test_its_requests_are_taken_with_the_examples_that_they_have(requests, send):
    ProductFactory(sku="VR-2", image=1)
    writing = ["POST products/", "POST products/batch/", "POST interactions/"]

    assert [send(requests[name]).status_code for name in writing] == [201, 200, 202]
    assert list(Product.objects.values_list("sku", flat=True)) == ["VR-1"]
    assert Interaction.objects.get().event_id == "order-4711"


def test_all_that_reads_without_a_variable_is_answered(requests, send):
    reading = [name for name, each in requests.items() if each["method"] == "GET" and not each["url"]["variable"]]

    statuses = {name: send(requests[name]).status_code for name in reading}

    assert len(statuses) > 12
    assert {name for name, status in statuses.items() if status != 200} == {
        "GET visitors/me/recommendations/",  # of a guest, not of an account
        "GET visitors/me/interactions/",
        "GET visitors/me/export/",
        "GET search/text/",  # of a shop whose version embeds texts
        "GET models/rollback/",  # of a shop where a version was active before
    }
    # What they have to have is there; no version is or was active.
    assert [statuses[f"GET {path}"] for path in ("models/rollback/", "search/text/")] == [409, 503]
    query = {each["key"]: each for each in requests["GET search/text/"]["url"]["query"]}
    assert (query["q"]["value"], query["q"]["disabled"]) == ("red shoes with a strap", False)
    assert query["like"]["disabled"] and query["limit"]["value"] == "12"


def test_variables_and_forms_have_their_fields(requests, send):
    ProductFactory(sku="VR-1", image=1)
    product = requests["GET products/:sku/"]

    assert [variable["key"] for variable in product["url"]["variable"]] == ["sku"]
    assert send(product, sku="VR-1").json()["sku"] == "VR-1"
    fields = {field["key"]: field for field in requests["POST search/image/"]["body"]["formdata"]}
    assert (fields["image"]["type"], fields["image"]["disabled"]) == ("file", False)
    assert (fields["category"]["type"], fields["category"]["disabled"]) == ("text", True)
