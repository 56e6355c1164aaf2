"""Records of events in files of any program, of each of which our fields are read."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from functools import cached_property
from math import isfinite
from pathlib import Path

from catalog.errors import BadRow, ImportFailed
from catalog.importers import flat, foreign_names, order_states
from catalog.importers.analytics import Fields, analytics_of
from catalog.importers.archive import Folder, open_zip
from catalog.importers.columns import EVENTS, find_columns
from catalog.importers.csv_file import describe
from catalog.importers.date_order import SLASHED, DateOrder
from catalog.importers.events import is_purchase
from catalog.importers.layouts import apart, by_plain_name, plain
from catalog.importers.nested import LINES, flattened
from catalog.importers.orders import orders_of
from catalog.importers.records import TABLES, RecordFile, find_column, open_records, suffix_of
from catalog.importers.rows import Problem
from catalog.models import Kind

CLOCK = re.compile(r"\d{1,2}:\d\d(:\d\d)?( ?[AaPp][Mm])?")
REQUIRED = ("user", "sku", "kind", "timestamp")  # or a session in place of the user
# Columns of which several rows have one value, for each of an order's products.
ORDERS = {"transaction id", "order id", "order number", "invoice no", "invoice number", *foreign_names.EVENTS["id"]}
PIECES = (
    "quantity", "qty", "menge", "anzahl", "quantité", "qté", "cantidad", "quantità", "quantidade", "aantal", "antal",
    "ilość", "množství", "количество", "кількість", "adet", "数量", "個数", "수량",
)  # fmt: skip


class Events:
    """Iterator over (place, {our field: value}), with a Problem for each record that has none.

    positive: the rating from which on a row is a like; those below are left out. chosen: what columns are taken for, a
    field of ours or `ignore`, where they are not to be recognised.
    Raises ImportFailed for a file without our fields.
    """

    def __init__(self, file: Path, positive: float | None = None, chosen: Mapping[str, str] | None = None) -> None:
        if not file.exists():
            raise ImportFailed(f"{file} does not exist")
        if not file.is_file():
            raise ImportFailed(f"{file} is no file; a CSV or JSON lines are taken")
        self.opened = ExitStack()  # closed with this
        records = open_events(file, self.opened)
        self.positive = positive
        self.left_out: Counter[str] = Counter()
        orders = None if chosen else orders_of(records.columns)
        self.is_orders = orders is not None
        self.analytics = orders or (None if chosen else analytics_of(records.columns))
        self.records = records if self.analytics else flattened(records, LINES)
        columns = self.records.columns
        self.chosen = {find_column(self.records, text): meaning for text, meaning in (chosen or {}).items()}
        self.columns = find_columns([column for column in columns if column not in self.chosen], EVENTS)
        self.columns |= {meaning: column for column, meaning in self.chosen.items() if meaning in EVENTS}
        self.rating = self.columns.pop("rating", None)
        named = by_plain_name(columns)
        # Where the day stands in a column of its own.
        is_split = "date" in named and "time" in named and self.columns.get("timestamp") == named["time"]
        self.day = named["date"] if is_split else ""
        # Of tables of orders, and of H&M's transactions, a row for each article that was bought.
        self.has_order = plain(apart(self.columns.get("id", ""))) in ORDERS
        is_order = self.has_order or {"t_dat", "article_id"} <= set(columns)
        is_bought = is_order and "kind" not in self.columns and not self.rating
        self.kind = Kind.PURCHASE.value if is_bought else None
        free = {name: column for name, column in named.items() if column not in (*self.columns.values(), *self.chosen)}
        self.pieces = next((free[name] for name in PIECES if name in free), "")
        self.states = [free[name] for name in order_states.COLUMNS if is_bought and name in free]
        self.ended = [free[name] for name in order_states.ENDED if is_bought and name in free]
        if columns:
            self._check(columns)

    def _check(self, columns: Sequence[str]) -> None:
        """Raise ImportFailed if a field is missing, or there are ratings and nobody says which of them are likes."""
        label = self.records.label
        has_kind = "kind" in self.columns or self.kind is not None or self.analytics is not None
        if self.positive is not None and not isfinite(self.positive):
            raise ImportFailed(f"--positive {self.positive:g} is no number that a rating can reach")
        if self.positive is not None and (has_kind or not self.rating):
            reason = (
                "it has kinds already"
                if has_kind
                else f"it has no ratings: none of rating, {', '.join(EVENTS['rating'])}"
            )
            raise ImportFailed(f"{label}: --positive {self.positive:g} is for ratings, but {reason}")
        if self.analytics:
            return
        is_guests = "session" in self.columns or (self.kind and self.has_order)  # each order is one of a guest's
        given = {*self.columns} | ({"user"} if is_guests else set())
        if has_kind or self.positive is not None:
            given.add("kind")
        if missing := [name for name in REQUIRED if name not in given]:
            needed = f"An interaction needs {', '.join(REQUIRED)}"
            if "kind" in missing and self.rating:
                needed += (
                    f"; {self.rating} may be a rating: say from which on it is a like, such as --positive 4, or add a"
                    " column kind"
                )
            raise ImportFailed(f"{label} lacks: {', '.join(missing)}; {describe(columns, missing)}. {needed}")

    @property
    def mapping(self) -> list[tuple[str, str]]:
        """Return the columns, each with what it is taken for; none of a program's own export."""
        if self.analytics:
            return []
        meanings = {column: ours for ours, column in self.columns.items()}
        if self.rating and self.positive is not None:
            meanings[self.rating] = "rating"
        return [(column, meanings.get(column, "left out")) for column in self.records.columns if column]

    @property
    def notes(self) -> list[str]:
        """Return what was assumed and left out, once the records were read."""
        renamed = [] if self.analytics else [f"{name} -> {ours}" for ours, name in self.columns.items()]
        renamed = [text for text in renamed if text.partition(" -> ")[0].lower() != text.partition(" -> ")[2]]
        left_out = [f"{name} {count:,}" for name, count in self.left_out.most_common()]
        noun = "purchases" if self.kind or self.is_orders else "interactions"
        return [
            *self.records.notes,
            *([f"{self.records.name} was read as {self.analytics.name}"] if self.analytics else []),
            *(["it has no kinds, but orders: each row is a purchase"] if self.kind else []),
            *([f"columns were read as others: {', '.join(renamed)}"] if renamed else []),
            *([self.dates.note] if "dates" in vars(self) and self.dates.note else []),
            *([f"left out, as they are no {noun}: {', '.join(left_out)}"] if left_out else []),
        ]

    def __len__(self) -> int:
        """Count the records. Raises ImportFailed if each of them is left out."""
        number = sum(1 for _ in self)
        if not number and self.left_out:
            raise ImportFailed(f"{self.records.label} holds no interactions: {self.notes[-1]}")
        return number

    @cached_property
    def dates(self) -> DateOrder:
        """Return the order of dates such as 01/31/2026; the file is read for it."""
        events = (entry[1] for entry in self._events(Counter()) if not isinstance(entry, Problem))
        return DateOrder.of(str(event.get("timestamp") or "").strip() for event in events)

    def __iter__(self) -> Iterator[tuple[str, Fields] | Problem]:
        self.left_out.clear()
        for entry in self._events(self.left_out):
            if isinstance(entry, Problem) or not SLASHED.fullmatch(
                text := str(entry[1].get("timestamp") or "").strip()
            ):
                yield entry
                continue
            try:
                yield entry[0], {**entry[1], "timestamp": self.dates.iso(text)}
            except BadRow as error:
                yield Problem(entry[0], str(error))

    def _events(self, left_out: Counter[str]) -> Iterator[tuple[str, Fields] | Problem]:
        """Yield the events as their file has them; what is none is counted in `left_out`."""
        for entry in self.records:
            if isinstance(entry, Problem):
                yield entry
                continue
            place, record = entry
            try:
                for event in self.analytics.read(record) if self.analytics else self._read(record):
                    if isinstance(event, str):
                        left_out[event] += 1
                    else:
                        yield place, event
            except BadRow as error:
                yield Problem(place, str(error))

    def _read(self, record: Fields) -> Iterator[Fields | str]:
        own: dict[str, object] = {ours: record.get(name) for ours, name in self.columns.items()}
        if CLOCK.fullmatch(str(own.get("timestamp"))):
            own["timestamp"] = f"{record.get(self.day, '')} {own['timestamp']}".strip()
        own["kind"] = self.kind or own.get("kind")
        if is_purchase(str(own["kind"])):
            if str(record.get(self.pieces, "")).startswith("-"):
                yield "what was returned:"
                return
            if order_states.is_zero(record.get(self.pieces)):
                yield order_states.NO_PIECES
                return
        if self.kind:
            is_ended = any(record.get(column) for column in self.ended)
            if why := "cancelled" if is_ended else order_states.against_any(map(record.get, self.states)):
                yield f"lines of orders that are {why}:"
                return
            if own.get("id") and "user" not in self.columns and "session" not in self.columns:
                own["session"] = f"order {own['id']}"
        elif self.positive is not None and self.rating:
            if read_rating(record.get(self.rating)) < self.positive:
                yield f"ratings below {self.positive:g}:"
                return
            own["kind"] = Kind.LIKE.value
        if own.get("id") and own.get("sku") and (self.has_order or record.get(flat.LINE)):
            own["id"] = f"{own['id']}/{own['sku']}"
        yield own


def open_events(file: Path, opened: ExitStack) -> RecordFile:
    """Open a file of records, or the only one of a zip, which `opened` closes. Raises ImportFailed."""
    if file.suffix.lower() != ".zip":
        return open_records(Folder(file.parent), file.name)
    archive = opened.enter_context(open_zip(file))
    names = [name for name in archive.names if suffix_of(name) in TABLES]
    if len(names) != 1:
        raise ImportFailed(f"{file} has {len(names)} tables; a zip with one is taken: {', '.join(names)[:500]}")
    return open_records(archive, names[0])


def read_rating(value: object) -> float:
    """Return a rating. Raises BadRow for what is no number."""
    try:
        rating = float(str(value).replace(",", "."))
    except ValueError:
        rating = float("nan")
    if not -1e9 < rating < 1e9:
        raise BadRow(f"rating: {value!r} is no number")
    return rating
