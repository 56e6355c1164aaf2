import csv
import json
from datetime import UTC, datetime

import pytest

from catalog.importers import import_interactions
from catalog.importers.analytics import analytics_of
from catalog.models import Interaction
from tests.factories import ProductFactory

pytestmark = pytest.mark.django_db
NOON = 1767355200  # 2026-01-02, in seconds


def ga4(name, *skus, seconds=0, **others):
    """An event as BigQuery exports it: numbers of 64 bits are texts there."""
    return {
        "event_date": "20260102",
        "event_timestamp": str((NOON + seconds) * 1_000_000),
        "event_name": name,
        "user_pseudo_id": "1234567890.1700000000",
        "user_id": None,
        "items": [{"item_id": sku, "item_name": sku, "price": 5.0, "quantity": "1"} for sku in skus],
    } | others


GA4 = [
    ga4("session_start"),
    ga4("view_item", "A"),
    ga4("view_item_list", "A", "B"),
    ga4("add_to_cart", "B", seconds=1, user_id="u7"),
    ga4("purchase", "A", "B", seconds=2, ecommerce={"transaction_id": "T-1"}),
    ga4("purchase", "NOPE", seconds=3),
    ga4("purchase", seconds=4),
    ga4("session_start"),
]
TAKEN = [
    ("1234567890.1700000000", "A", "view"), ("1234567890.1700000000", "A", "purchase"),
    ("1234567890.1700000000", "B", "purchase"), ("u7", "B", "cart"),
]  # fmt: skip
VISIT = {
    "idVisit": "7",
    "visitorId": "abcdef0123456789",
    "userId": None,
    "actionDetails": [
        {"type": "action", "url": "https://shop.example/", "timestamp": NOON},
        {"type": "action", "timestamp": NOON + 1, "productViewSku": "A", "productViewName": "Red"},
        {"type": "action", "timestamp": NOON + 2, "customVariables": {
            "5": {"customVariablePageName5": "_pks", "customVariablePageValue5": "B"},
        }},
        {"type": "ecommerceAbandonedCart", "timestamp": NOON + 3, "itemDetails": [{"itemSKU": "A"}]},
        {"type": "ecommerceOrder", "orderId": "O-1", "timestamp": NOON + 4, "itemDetails": [
            {"itemSKU": "A", "quantity": 2}, {"itemSKU": "B"},
        ]},
    ],
}  # fmt: skip


@pytest.fixture(autouse=True)
def products():
    return [ProductFactory(sku=sku) for sku in ("A", "B")]


def stored():
    return sorted(Interaction.objects.values_list("shopper__key", "product__sku", "kind"))


def import_text(tmp_path, text):
    (tmp_path / "t.json").write_text(text)
    return import_interactions(tmp_path / "t.json")


@pytest.mark.parametrize("form", ["lines", "array"])
def test_events_of_google_analytics(tmp_path, form):
    text = "\n".join(map(json.dumps, GA4)) if form == "lines" else json.dumps(GA4)

    report = import_text(tmp_path, text)

    assert stored() == sorted(TAKEN)
    assert [str(problem).partition(": ")[2] for problem in report.problems] == [
        "items: it is no list of objects, or an empty one",
        "There is no product 'NOPE'.",
    ]
    assert "left out, as they are no interactions: session_start 2, view_item_list 1" in report.notes
    assert "t.json was read as Google Analytics 4's events" in report.notes
    assert Interaction.objects.filter(kind="view").get().occurred_at == datetime(2026, 1, 2, 12, tzinfo=UTC)
    assert (import_text(tmp_path, text).accepted, import_text(tmp_path, text).duplicates) == (0, 4)


@pytest.mark.parametrize("form", ["a row for each item", "JSON in a column"])
def test_events_of_google_analytics_as_csv(tmp_path, form):
    header, rows = ["event_timestamp", "event_name", "user_pseudo_id", "user_id"], []
    for event in GA4:
        own = [event[name] for name in header]
        if form == "JSON in a column":
            rows.append([*own, json.dumps(event["items"])])
        else:
            rows += [[*own, item["item_id"]] for item in event["items"] or [{"item_id": ""}]]
    with (tmp_path / "t.csv").open("w", newline="") as file:
        csv.writer(file).writerows([[*header, "item_id" if form == "a row for each item" else "items"], *rows])

    report = import_interactions(tmp_path / "t.csv")

    assert stored() == sorted(TAKEN)
    assert report.failed == 2


def test_a_single_event_in_a_line_is_no_object_around_its_items(tmp_path):
    event = {name: value for name, value in ga4("view_item", "A").items() if name not in ("event_date", "user_id")}

    assert import_text(tmp_path, json.dumps(event)).accepted == 1


def test_visits_of_matomo(tmp_path):
    report = import_text(tmp_path, json.dumps([VISIT]))

    user = VISIT["visitorId"]
    assert stored() == [
        (user, "A", "cart"), (user, "A", "purchase"), (user, "A", "view"), (user, "B", "purchase"), (user, "B", "view"),
    ]  # fmt: skip
    assert report.failed == 0
    assert "left out, as they are no interactions: action 1" in report.notes
    assert import_text(tmp_path, json.dumps(VISIT)).duplicates == 5


def test_visits_without_actions_are_told(tmp_path):
    report = import_text(tmp_path, json.dumps([VISIT, {"visitorId": "x", "actionDetails": None}, {"visitorId": "y"}]))

    assert (report.accepted, report.failed) == (5, 2)


def test_other_columns_are_none_of_analytics():
    assert analytics_of(["event_name", "event_timestamp", "user_id", "item_id"]) is None


SEGMENT = [
    {"type": "track", "event": "Product Viewed", "userId": "ada", "anonymousId": "g1", "messageId": "m1",
     "timestamp": "2026-01-02T12:00:00.000Z", "properties": {"product_id": "A"}},
    {"type": "track", "event": "Order Completed", "userId": "ada", "messageId": "m2",
     "timestamp": "2026-01-02T12:01:00.000Z",
     "properties": {"order_id": "o", "products": [{"sku": "A"}, {"product_id": "B"}]}},
    {"type": "track", "event": "Product Added", "userId": None, "anonymousId": "g2", "messageId": "m3",
     "timestamp": "2026-01-02T12:02:00.000Z", "properties": {"sku": "B"}},
    {"type": "track", "event": "Product List Viewed", "userId": "ada", "messageId": "m4",
     "timestamp": "2026-01-02T12:03:00.000Z", "properties": {"products": [{"sku": "A"}]}},
    {"type": "page", "name": "Home", "anonymousId": "g3", "messageId": "m5", "timestamp": "2026-01-02T12:04:00.000Z"},
]  # fmt: skip
MIXPANEL = [
    {"event": "Product Viewed", "properties": {"time": NOON, "distinct_id": "ada", "$insert_id": "i1", "sku": "A"}}
]
AMPLITUDE = [
    {"event_type": "add to cart", "user_id": "ada", "device_id": "d", "insert_id": "i2",
     "event_time": "2026-01-02 12:00:00.000000", "event_properties": {"sku": "B"}},
]  # fmt: skip


def test_named_events_with_properties_are_those_of_their_products(tmp_path):
    for name, events in (("segment", SEGMENT), ("mixpanel", MIXPANEL), ("amplitude", AMPLITUDE)):
        (tmp_path / f"{name}.jsonl").write_text("\n".join(map(json.dumps, events)))
        report = import_interactions(tmp_path / f"{name}.jsonl")
        assert report.failed == 0, report.problems
        assert f"{name}.jsonl was read as Segment's, Mixpanel's or Amplitude's events" in report.notes

    columns = ("shopper__key", "session", "product__sku", "kind", "event_id")
    assert list(Interaction.objects.order_by("pk").values_list(*columns)) == [
        ("ada", "", "A", "view", "m1"), ("ada", "", "A", "purchase", "m2/A"), ("ada", "", "B", "purchase", "m2/B"),
        (None, "g2", "B", "cart", "m3"), ("ada", "", "A", "view", "i1"), ("ada", "", "B", "cart", "i2"),
    ]  # fmt: skip
