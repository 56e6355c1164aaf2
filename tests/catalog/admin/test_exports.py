import csv

import pytest

from catalog.models import Interaction, Product
from tests.factories import InteractionFactory, ProductFactory

pytestmark = pytest.mark.django_db


def rows(response) -> list[dict[str, str]]:
    assert response["Content-Disposition"].startswith("attachment")
    return list(csv.DictReader(b"".join(response.streaming_content).decode().splitlines()))


def test_chosen_products_are_exported(admin_client):
    for sku in ("A", "B", "C"):
        ProductFactory(sku=sku, attributes={"colour": "red"}, image=False)
    chosen = list(Product.objects.exclude(sku="B").values_list("pk", flat=True))

    response = admin_client.post("/admin/catalog/product/", {"action": "export", "_selected_action": chosen})

    assert [(row["sku"], row["colour"]) for row in rows(response)] == [("A", "red"), ("C", "red")]


def test_chosen_interactions_are_exported(admin_client):
    InteractionFactory(kind="like")
    chosen = list(Interaction.objects.values_list("pk", flat=True))

    response = admin_client.post("/admin/catalog/interaction/", {"action": "export", "_selected_action": chosen})

    assert [row["kind"] for row in rows(response)] == ["like"]


def test_no_product_is_exported_as_a_formula(admin_client):
    chosen = [ProductFactory(sku="=A", title="=1+1", image=False).pk]

    response = admin_client.post("/admin/catalog/product/", {"action": "export", "_selected_action": chosen})

    assert [(row["sku"], row["title"]) for row in rows(response)] == [("'=A", "'=1+1")]
