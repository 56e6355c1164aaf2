import json
import re
import uuid
from pathlib import Path

import pytest
from django.db import connection
from prometheus_client.parser import text_string_to_metric_families

from catalog.models import Product
from recommender import broker
from recommender.models import Impression
from recommender.serving import photo_counts
from tests.factories import InteractionFactory, ProductFactory, VersionFactory, embed, turned
from tests.recommender.audits.test_recall import answered
from tests.services import without
from visrec_site import shop_metrics

pytestmark = pytest.mark.django_db
DASHBOARD = Path(__file__).resolve().parents[2] / "docker" / "grafana" / "visrec.json"


@pytest.fixture(autouse=True)
def counted_anew():
    shop_metrics.last_day.cache.clear()


def figures(client) -> dict[tuple[str, frozenset], float]:
    """The samples of /metrics by name and labels."""
    families = text_string_to_metric_families(client.get("/metrics").content.decode())
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in families
        for sample in family.samples
    }


def value(found: dict, name: str, **labels: str) -> float | None:
    return found.get((name, frozenset(labels.items())))


def seen(product: Product, version: int, clicked: bool) -> None:
    recommendation = uuid.uuid4()
    Impression.objects.create(
        recommendation_id=recommendation, placement="product", strategy="similar", version=version, positions=[1, 2]
    )
    if clicked:
        InteractionFactory(
            session="guest", shopper=None, product=product, kind="click", recommendation_id=recommendation
        )


def test_what_was_seen_and_what_followed_is_told_by_placement_strategy_and_version(client):
    product = ProductFactory()
    for clicked in (True, False, False):
        seen(product, version=7, clicked=clicked)

    found = figures(client)

    group = {"placement": "product", "strategy": "similar", "version": "7"}
    assert value(found, "visrec_recommendations_seen", **group) == 3
    assert value(found, "visrec_recommendations_followed", **group, outcome="click") == 1
    assert value(found, "visrec_recommendations_followed", **group, outcome="purchase") == 0


def test_uploads_and_versions_are_told(client, active):
    embed(ProductFactory(image=1), active, turned(10))
    ProductFactory(image=2)
    coming = VersionFactory(method="visrec", state="training")

    found = figures(client)

    assert value(found, "visrec_products_not_findable") == 1
    assert value(found, "visrec_images_unreadable") == 0
    for version in (active, coming):
        labels = {"role": version.role, "method": version.method, "version": str(version.pk), "state": version.state}
        assert value(found, "visrec_version", **labels) == 1


def test_queues_and_workers_are_told(client, workers, no_messages):
    broker.send("sweep")

    found = figures(client)

    assert value(found, "visrec_queue_messages", queue="maintenance") >= 1
    assert value(found, "visrec_queue_oldest_seconds", queue="maintenance") < 60
    assert value(found, "visrec_worker_up", queue="embed") == 1


def test_a_worker_without_a_heartbeat_is_down(client):
    assert value(figures(client), "visrec_worker_up", queue="embed") == 0


def test_without_the_broker_the_rest_is_told(client):
    with without("Valkey"):
        found = figures(client)

    assert value(found, "visrec_database_up") == 1
    assert value(found, "visrec_queue_messages", queue="embed") is None


@pytest.mark.django_db(transaction=True)
def test_without_the_database_requests_are_told(client):
    client.get("/healthz")
    with without("PostgreSQL"):
        found = figures(client)
    connection.close()  # it was cut

    assert value(found, "visrec_database_up") == 0
    assert any(name.startswith("django_http_requests") for name, _ in found)


def test_the_dashboard_asks_for_what_is_there(client, active):
    seen(ProductFactory(), version=active.pk, clicked=True)
    embed(ProductFactory(image=1), active, turned(10))
    dashboard = json.loads(DASHBOARD.read_text())
    expressions = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]

    client.get("/products/")
    told = client.get("/metrics").content.decode()

    asked = {name for each in expressions for name in re.findall(r"\b(?:visrec|django)_\w+", each)}
    assert len(asked) > 10
    described = set(re.findall(r"^# TYPE (\w+) ", told, re.MULTILINE))
    assert {name for name in asked if re.sub("_bucket$", "", name) not in described} == set()


def test_the_recall_of_indexes_is_told_by_kind_of_filter(client, active):
    answered(active, 1, 0.5)
    active.ef_search = 400
    active.save(update_fields=["ef_search"])

    found = figures(client)

    of_all = {"version": str(active.pk), "filters": "no filter"}
    assert value(found, "visrec_index_recall", **of_all) == 0.75
    assert value(found, "visrec_index_requests", **of_all) == 2
    assert value(found, "visrec_index_candidates", version=str(active.pk)) == 400


def test_searches_by_photo_are_told(client):
    for is_matched in (True, False, True):
        photo_counts.count(is_matched=is_matched)

    found = figures(client)

    assert (value(found, "visrec_photo_searches"), value(found, "visrec_photo_searches_unmatched")) == (3, 1)
