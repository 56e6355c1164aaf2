import json
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from rest_framework.test import APIClient

from catalog.importers import import_interactions
from catalog.models import Interaction, Product
from recommender.access import keys
from recommender.access.models import KeyKind
from tests.factories import InteractionFactory, ProductFactory, ShopperFactory

pytestmark = pytest.mark.django_db
ROOT = "/api/v1/exports"


@pytest.fixture
def erp() -> APIClient:
    scopes = ["catalogue:read", "people:read", "recommendations:read"]
    return APIClient(HTTP_AUTHORIZATION=f"Bearer {keys.create('ERP', KeyKind.SECRET, scopes=scopes)[1]}")


def lines(response, media: str = "text/csv") -> list[str]:
    assert (response.status_code, response["Content-Type"]) == (200, f"{media}; charset=utf-8")
    assert response.streaming
    return b"".join(response.streaming_content).decode().splitlines()


def test_products_are_a_csv_or_json_lines(erp):
    ProductFactory(sku="A", title="Boots, red", attributes={"colour": "red"}, image=False)
    ProductFactory(sku="B", is_hidden=True, image=False)

    response = erp.get(f"{ROOT}/products/")
    header, first, second = lines(response)
    as_json = [json.loads(line) for line in lines(erp.get(f"{ROOT}/products/?format=jsonl"), "application/jsonl")]

    assert response["Content-Disposition"] == 'attachment; filename="products.csv"'
    assert header.startswith("sku,title,category,price") and header.endswith("colour")
    assert first.startswith('A,"Boots, red",Shoes,19.90') and second.startswith("B,")
    assert [(record["sku"], record["is_hidden"]) for record in as_json] == [("A", "no"), ("B", "yes")]


def test_no_cell_is_a_formula(erp):
    InteractionFactory(shopper__key="=ada", product=ProductFactory(sku="=A", title="@SUM(A1)", image=False))

    product = lines(erp.get(f"{ROOT}/products/"))[1]
    event = lines(erp.get(f"{ROOT}/interactions/"))[1]
    recommended = [line.split(",") for line in lines(erp.get(f"{ROOT}/recommendations/"))[1:]]

    assert product.startswith("'=A,'@SUM(A1),") and event.startswith("'=ada,,'=A,")
    assert all(line[0] == "'=ada" and line[2] == "'=A" for line in recommended)


def test_interactions_can_be_imported_again(erp, tmp_path):
    boots = ProductFactory(sku="A", image=False)
    for key in ("ada", "bob"):
        InteractionFactory(shopper__key=key, product=boots, event_id="1")
    file = tmp_path / "events.csv"

    file.write_text("\n".join(lines(erp.get(f"{ROOT}/interactions/"))))

    report = import_interactions(file)
    assert (report.accepted, report.duplicates, report.failed) == (0, 2, 0)


def test_what_is_new_is_exported_alone(erp):
    old, new = InteractionFactory(product__sku="OLD"), InteractionFactory(product__sku="NEW")
    Interaction.objects.filter(pk=old.pk).update(recorded_at=timezone.now() - timedelta(days=2))
    Product.objects.filter(sku="OLD").update(updated_at=timezone.now() - timedelta(days=2))
    since = (timezone.now() - timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ")

    events = lines(erp.get(f"{ROOT}/interactions/?recorded_since={since}"))
    products = lines(erp.get(f"{ROOT}/products/?updated_since={since}"))

    assert [line.split(",")[2] for line in events[1:]] == ["NEW"]
    assert [line.split(",")[0] for line in products[1:]] == [new.product.sku]


def test_recommendations_of_many_shoppers_come_in_files_that_follow_each_other(erp):
    ProductFactory(sku="A")
    for key in ("ada", "bob", "cy & co"):
        ShopperFactory(key=key)

    first = erp.get(f"{ROOT}/recommendations/?shoppers=1&limit=1")
    found, response = lines(first)[1:], first
    while link := response.get("Link"):
        response = erp.get(link.partition(">")[0].removeprefix("<"))
        found += lines(response)[1:]

    assert [line.split(",")[0] for line in found] == ["ada", "bob", "cy & co"]
    assert found[0].startswith("ada,1,A,") and found[0].endswith("popular")


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("products/?format=xml", "format"),
        ("interactions/?recorded_since=yesterday", "recorded_since"),
        ("recommendations/?shoppers=10001", "shoppers"),
        ("recommendations/?limit=101", "limit"),
    ],
)
def test_what_is_not_valid_is_told_whatever_the_caller_accepts(erp, query, field):
    response = erp.get(f"{ROOT}/{query}", HTTP_ACCEPT="text/csv")

    assert (response.status_code, response["Content-Type"]) == (400, "application/problem+json")
    assert list(response.json()["errors"]) == [field]


def test_the_media_type_of_the_file_may_be_accepted(erp):
    assert lines(erp.get(f"{ROOT}/products/", HTTP_ACCEPT="text/csv"))[0].startswith("sku,")


def test_queries_do_not_grow_with_the_file(erp):
    def counted() -> int:
        with CaptureQueriesContext(connection) as queries:
            for name in ("products", "interactions"):
                lines(erp.get(f"{ROOT}/{name}/"))
        return len(queries)

    for _ in range(3):
        InteractionFactory()
    counted()  # and notes when the key was last used
    few = counted()
    for _ in range(3):
        InteractionFactory()
    assert counted() == few
