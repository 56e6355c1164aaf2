"""Fuzzed files of events: each event is read, or refused with a reason."""

import json
import random
from collections.abc import Iterator
from pathlib import Path

from catalog.errors import BadRow, ImportFailed
from catalog.importers.event_records import Events
from catalog.importers.interactions import parse_event
from catalog.importers.rows import Problem
from catalog.interactions import Event
from tests.catalog.importers.fuzzing import CELLS, damage

VALUES: tuple[object, ...] = (
    *CELLS, None, True, 0, -1, 1e300, 10**40, 3423.0, [], {}, [1], [{}], {"a": []}, "2026-01-02T12:00:00Z", "20260102",
    "1.7E+09", 1767355200, "1767355200000", "0001-01-01", "2026-02-30", "9999-12-31T23:59:59-14:00", "5", "Purchase",
)  # fmt: skip
RECORDS: tuple[dict[str, object], ...] = (
    {"user": "u", "sku": "A", "kind": "view", "timestamp": "2026-01-02", "id": "e", "session": "s"},
    {"customer_id": "u", "article_id": "A", "t_dat": "2026-01-02", "price": 0.05},
    {"userId": 7, "item": "A", "rating": 4.5, "timestamp": 1767355200},
    {
        "event_name": "purchase", "event_timestamp": "1767355200000000", "user_pseudo_id": "1.2", "user_id": None,
        "items": [{"item_id": "A"}, {"item_id": "B"}], "ecommerce": {"transaction_id": "T"},
    },
    {
        "visitorId": "u", "userId": None, "actionDetails": [
            {"type": "action", "timestamp": 1767355200, "productViewSku": "A", "customVariables": []},
            {"type": "ecommerceOrder", "orderId": "O", "timestamp": 1767355200, "itemDetails": [{"itemSKU": "A"}]},
        ],
    },
)  # fmt: skip


def draw_events(number: int) -> bytes:
    """Draw a file of events with changed values or bytes; the same of the same number."""
    generator = random.Random(number)
    template = json.dumps(generator.choice(RECORDS))
    records = [json.loads(template) for _ in range(generator.randint(1, 5))]
    for _ in range(generator.choice([0, 1, 3, 8])):
        change_value(generator.choice(records), generator)
    form = generator.choice(["lines", "array", "csv"])
    if form == "csv":
        header = list(json.loads(template))
        lines = [",".join(header)]
        for record in records:
            texts = [one if isinstance(one := record.get(name), str) else json.dumps(one) for name in header]
            lines.append(",".join('"' + text.replace('"', '""') + '"' for text in texts))
        data = "\n".join(lines).encode("utf-8", "replace")
    else:
        data = (json.dumps(records) if form == "array" else "\n".join(map(json.dumps, records))).encode()
    return data if generator.random() < 0.6 else damage(data, generator)


def change_value(value: object, generator: random.Random) -> None:
    """Change a value somewhere within a record."""
    if isinstance(value, dict) and value:
        key: str | int = generator.choice(list(value))
    elif isinstance(value, list) and value:
        key = generator.randrange(len(value))
    else:
        return
    assert isinstance(value, dict | list)
    within = value[key]  # type: ignore[index, call-overload] -- a key of a dict, or an index of a list
    if isinstance(within, dict | list) and within and generator.random() < 0.7:
        change_value(within, generator)
    else:
        value[key] = json.loads(json.dumps(generator.choice(VALUES)))  # type: ignore[index, call-overload] -- as above


def objections(file: Path, positive: float | None) -> Iterator[str]:
    """Yield what is wrong with how a file of events is read."""
    try:
        events = Events(file, positive)
        entries = list(events)
    except ImportFailed:
        return
    if len(events) != len(entries):
        yield f"{len(events)} entries are announced, {len(entries)} come"
    told = [entry for entry in entries if isinstance(entry, Problem)]
    places = {entry[0] for entry in entries if not isinstance(entry, Problem)} | {entry.place for entry in told}
    records = list(events.records)
    unread = len(records) - len(places) - sum(events.left_out.values())
    if unread > 0:
        yield f"of {len(records)} records {unread} are neither events, left out nor problems"
    for entry in entries:
        try:
            if not isinstance(entry, Problem) and not isinstance(parse_event(entry[1]), Event):
                yield f"{entry[0]} is no event"
        except BadRow as error:
            if len(str(error)) < 10:
                yield f"the reason is short: {error}"
