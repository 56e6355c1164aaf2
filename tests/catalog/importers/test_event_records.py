import json

import pytest

from catalog.errors import ImportFailed
from catalog.importers.event_records import Events
from catalog.importers.rows import Problem
from tests.catalog.importers.builders import write_zip

RATINGS = "user,item,timestamp,value\nu1,A,1767355200,5\nu1,B,1767355200,3.5\nu2,A,1767355200,x\nu2,B,1767355200,\n"


def events_of(tmp_path, text, positive=None, name="t.csv"):
    (tmp_path / name).write_text(text)
    return Events(tmp_path / name, positive)


def test_ratings_from_a_threshold_on_are_likes(tmp_path):
    events = events_of(tmp_path, RATINGS, 4)

    liked, *others = events

    assert liked == ("t.csv line 2", {"user": "u1", "sku": "A", "timestamp": "1767355200", "kind": "like"})
    assert others == [
        Problem("t.csv line 4", "rating: 'x' is no number"),
        Problem("t.csv line 5", "rating: '' is no number"),
    ]
    assert events.notes[-1] == "left out, as they are no interactions: ratings below 4: 1"
    assert len(events) == 3


@pytest.mark.parametrize("column", ["rating", "Stars", "score", "value"])
def test_ratings_without_a_threshold_are_refused_with_what_to_say(tmp_path, column):
    with pytest.raises(ImportFailed, match=f"lacks: kind; .*; {column} may be a rating: .* such as --positive 4"):
        events_of(tmp_path, f"user,sku,timestamp,{column}\nu,A,1,5\n")


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        ("user,sku,kind,timestamp,rating", "it has kinds already"),
        ("event_name,event_timestamp,user_pseudo_id,item_id,value", "it has kinds already"),
        ("user,sku,timestamp", "it has no ratings: none of"),
    ],
)
def test_a_threshold_for_what_has_no_ratings_is_refused(tmp_path, header, reason):
    with pytest.raises(ImportFailed, match=f"--positive 4 is for ratings, but {reason}"):
        events_of(tmp_path, f"{header}\n", 4)


@pytest.mark.parametrize("positive", [float("nan"), float("inf")])
def test_a_threshold_that_is_no_number_is_refused(tmp_path, positive):
    with pytest.raises(ImportFailed, match="is no number that a rating can reach"):
        events_of(tmp_path, RATINGS, positive)


def test_each_product_of_an_order_counts(tmp_path):
    first, second = events_of(tmp_path, "Order ID,Customer ID,SKU,kind,date\n7,u,A,order,2026\n7,u,B,order,2026\n")

    assert (first[1]["id"], second[1]["id"]) == ("7/A", "7/B")


def test_optional_fields_may_be_null(tmp_path):
    event = {"user": "u", "sku": "A", "kind": "view", "timestamp": 1, "id": None, "session": None}

    [(_, fields)] = events_of(tmp_path, json.dumps(event), name="t.json")

    assert fields["id"] is None


def test_tables_of_orders_are_purchases_and_what_was_returned_is_left_out(tmp_path):
    header = "InvoiceNo,StockCode,Quantity,InvoiceDate,CustomerID"

    events = events_of(tmp_path, f"{header}\n1,A,6,2010-12-01,7\n1,B,1,2010-12-01,7\nC2,A,-6,2010-12-02,7\n")

    assert [(fields["kind"], fields["id"]) for _, fields in events] == [("purchase", "1/A"), ("purchase", "1/B")]
    assert events.notes[-2:] == [
        "columns were read as others: CustomerID -> user, StockCode -> sku, InvoiceDate -> timestamp, InvoiceNo -> id",
        "left out, as they are no purchases: what was returned: 1",
    ]


def test_a_zip_with_one_table_is_that_table(tmp_path):
    path = write_zip(tmp_path / "t.zip", {"events.csv": "user,sku,kind,timestamp\nu,A,view,2026-01-02\n"})
    two = write_zip(tmp_path / "two.zip", {"a.csv": "", "b.csv": ""})

    assert [fields["sku"] for _, fields in Events(path)] == ["A"]
    with pytest.raises(ImportFailed, match="has 2 tables; a zip with one is taken: a.csv, b.csv"):
        Events(two)


def test_objects_within_events_are_columns(tmp_path):
    event = {"user": {"id": 7}, "product": {"sku": "A"}, "type": "view", "ts": 1700000000}

    [(_, fields)] = events_of(tmp_path, json.dumps({"events": [event]}), name="t.json")

    assert fields == {"user": 7, "sku": "A", "kind": "view", "timestamp": 1700000000}


def test_a_day_and_a_time_of_two_columns_are_one(tmp_path):
    events = events_of(tmp_path, "user,sku,kind,date,time\nu,A,view,2026-01-02,10:00:00\nu,A,view,2026-01-02,9:05 PM\n")

    assert [fields["timestamp"] for _, fields in events] == ["2026-01-02 10:00:00", "2026-01-02 9:05 PM"]
