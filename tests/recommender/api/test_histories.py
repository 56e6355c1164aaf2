import pytest
from rest_framework.request import Request
from rest_framework.test import APIRequestFactory

from catalog.models import Interaction
from recommender.api.histories import history_page
from tests.factories import InteractionFactory, ProductFactory, ShopperFactory

URL = "/api/v1/users/ann/interactions/"


def test_an_interaction_is_shown_as_it_is_stored(db):
    stored = InteractionFactory(product__sku="A-1", kind="cart", event_id="e-1", position=3, placement="home")

    (shown,) = history_page(Request(APIRequestFactory().get("/")), Interaction.objects.all()).data["results"]

    assert [shown[name] for name in ("sku", "kind", "id", "position", "placement")] == ["A-1", "cart", "e-1", 3, "home"]
    assert shown["timestamp"].startswith(stored.occurred_at.strftime("%Y-%m-%dT%H:%M"))
    assert "recorded_at" in shown and "session" not in shown


@pytest.fixture
def history(db):
    """Four interactions of one shopper, a day apart from the first of May on, and one of another's."""
    ann, product = ShopperFactory(key="ann"), ProductFactory(sku="A-1", image=False)
    other = ProductFactory(sku="B-1", image=False)
    for day, (kind, shown, event) in enumerate(
        [("view", product, ""), ("like", product, "e/1"), ("view", other, ""), ("cart", other, "e-2")], 1
    ):
        InteractionFactory(
            shopper=ann, kind=kind, product=shown, event_id=event, occurred_at=f"2025-05-0{day}T00:00:00Z"
        )
    InteractionFactory(product=product, event_id="e-2")


@pytest.mark.parametrize(
    ("query", "days"),
    [
        ("kind=view", [3, 1]),
        ("sku=A-1", [2, 1]),
        ("since=2025-05-02&until=2025-05-04T00:00:00Z", [3, 2]),
        ("kind=view&sku=B-1&limit=1", [3]),
        ("kind=purchase", []),
    ],
)
def test_a_history_is_filtered(history, staff, query, days):
    page = staff.get(f"{URL}?{query}").json()

    assert [row["timestamp"][8:10] for row in page["results"]] == [f"0{day}" for day in days]
    assert page["count"] == len(days)


@pytest.mark.parametrize("query", ["kind=look", "since=soon", "limit=101", "since=2025-05-02&until=2025-05-01"])
def test_a_wrong_filter_is_refused_by_its_name(history, staff, query):
    response = staff.get(f"{URL}?{query}")

    assert response.status_code == 400
    assert list(response.json()["errors"]) == [query.partition("=")[0]]


def test_each_interaction_of_a_history_can_be_deleted_by_its_id(history, staff):
    ids = [row["id"] for row in staff.get(URL).json()["results"]]
    assert (ids[0], ids[2]) == ("e-2", "e/1")

    for left, event in reversed(list(enumerate(ids))):
        assert staff.delete(f"{URL}{event}/").status_code == 204
        assert staff.delete(f"{URL}{event}/").status_code == 404
        assert staff.get(URL).json()["count"] == left
    assert Interaction.objects.get().event_id == "e-2"  # the other's
