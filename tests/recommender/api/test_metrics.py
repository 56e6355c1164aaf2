"""Metrics of recommendations over REST."""

import uuid

import pytest

from recommender.models import Impression
from tests.factories import InteractionFactory
from tests.recommender.audits.test_recall import answered

pytestmark = pytest.mark.django_db
URL = "/api/v1/metrics/recommendations/"


def test_rates_come_by_what_was_requested(staff):
    recommendation = uuid.uuid4()
    Impression.objects.create(
        recommendation_id=recommendation, placement="cart", strategy="similar", version=7, positions=[1, 2, 3]
    )
    InteractionFactory(kind="click", recommendation_id=recommendation)

    [row] = staff.get(f"{URL}?by=placement,version").json()["results"]

    assert (row["placement"], row["version"], row["recommendations"], row["results"]) == ("cart", 7, 1, 3)
    assert row["rates"]["click"] == {
        "recommendations": 1,
        "rate": 1.0,
        "interval": [pytest.approx(0.2065, abs=1e-3), 1.0],
    }
    assert "strategy" not in row
    assert staff.get(f"{URL}?since=2999-01-01T00:00:00Z").json()["results"] == []


def test_an_unknown_dimension_is_named(staff):
    refused = staff.get(f"{URL}?by=shop")
    assert (refused.status_code, refused.json()["errors"]) == (
        400,
        {"by": ["'shop' is not among placement, strategy, version."]},
    )


def test_the_recall_of_indexes_comes_by_kind_of_filter(staff, active, settings):
    settings.INDEX_RECALL = 0.9
    answered(active, 1, 0.5)
    answered(active, 1, filters="price", ef_search=0)

    found = staff.get("/api/v1/metrics/indexes/").json()

    [index] = found["results"]
    assert (found["target"], index["model"]["id"], index["candidates"], index["is_usual"]) == (
        0.9,
        active.pk,
        100,
        True,
    )
    assert [(part["filters"], part["requests"], part["recall"], part["compared"]) for part in index["recall"]] == [
        ("no filter", 2, 0.75, 0),
        ("price", 1, 1, 1),
    ]


def test_clicks_come_over_time_by_placement(staff):
    clicked, ignored = uuid.uuid4(), uuid.uuid4()
    for recommendation in (clicked, ignored):
        Impression.objects.create(recommendation_id=recommendation, placement="cart", strategy="similar", positions=[1])
    InteractionFactory(kind="click", recommendation_id=clicked)

    found = staff.get(f"{URL}?step=day").json()

    [day] = found["over_time"]
    assert (day["placement"], day["recommendations"], day["clicked"]["rate"]) == ("cart", 2, 0.5)
    assert day["at"].endswith("T00:00:00Z") and "results" not in found
    assert staff.get(f"{URL}?step=minute").status_code == 400
