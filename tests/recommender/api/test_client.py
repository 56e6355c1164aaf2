"""The typed client, client/visrec_client, as another shop uses it; its package `rest` is generated here."""

import importlib
import json
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
import visrec_client
from django.core.wsgi import get_wsgi_application
from drf_spectacular.generators import SchemaGenerator

from catalog.models import Interaction, Product
from recommender.access import keys
from recommender.access.models import KeyKind

GENERATION = Path(__file__).parents[3] / "client" / "generate.yml"

pytestmark = pytest.mark.django_db(transaction=True)  # a WSGI application closes connections that hold a transaction


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    """What is generated of the OpenAPI document."""
    folder = tmp_path_factory.mktemp("client")
    (folder / "openapi.json").write_text(json.dumps(SchemaGenerator().get_schema(public=True)))
    program = "import sys; from openapi_python_client.cli import app; app(sys.argv[1:])"
    command = [sys.executable, "-c", program, "generate", "--path", "openapi.json", "--config", str(GENERATION)]
    command += ["--output-path", "rest", "--meta", "none", "--fail-on-warning"]
    subprocess.run(command, cwd=folder, check=True)
    visrec_client.__path__.append(str(folder))
    yield importlib.import_module("visrec_client.rest")
    visrec_client.__path__.remove(str(folder))


@pytest.fixture
def operation(package):
    """Return the module of an operation."""

    def find(tag: str, name: str):
        return importlib.import_module(f"visrec_client.rest.api.{tag}.{name}")

    return find


@pytest.fixture
def models(package):
    return importlib.import_module("visrec_client.rest.models")


@pytest.fixture
def erp(package):
    _, secret = keys.create("ERP", KeyKind.SECRET, scopes=["catalogue:read", "catalogue:write", "events:write"])
    transport = httpx.WSGITransport(app=get_wsgi_application())
    return importlib.import_module("visrec_client.connection").connect("http://127.0.0.1", secret, transport=transport)


def test_a_product_is_written_and_read(erp, operation, models):
    wanted = models.ProductUpsertRequest(title="Pumps", category="heels", price="59.90")
    made = operation("products", "put_product").sync_detailed("VR-1", client=erp, body=wanted)

    assert (made.status_code, made.parsed.title) == (201, "Pumps")
    page = operation("products", "list_products").sync(client=erp, category="heels")
    assert [(product.sku, product.price) for product in page.results] == [("VR-1", "59.90")]
    assert Product.objects.get().title == "Pumps"


def test_an_interaction_is_recorded(erp, operation, models):
    wanted = models.ProductUpsertRequest(title="Pumps", category="heels", price="59.90")
    operation("products", "put_product").sync("VR-1", client=erp, body=wanted)

    event = models.InteractionInputRequest(sku="VR-1", kind=models.KindEnum.LIKE, user="user-17")
    recorded = operation("interactions", "record_interactions").sync(client=erp, body=event)

    assert recorded.accepted == 1
    assert Interaction.objects.get().shopper.key == "user-17"


def test_a_refusal_is_a_problem_document(erp, operation, models):
    wanted = models.ProductUpsertRequest(title="Pumps", category="heels", price="much")
    refused = operation("products", "put_product").sync("VR-1", client=erp, body=wanted)
    assert (refused.status, refused.errors.additional_properties) == (400, {"price": ["A valid number is required."]})

    unknown = operation("models", "list_models").sync_detailed(client=erp)
    assert (unknown.status_code, unknown.parsed.title) == (403, "Forbidden")
