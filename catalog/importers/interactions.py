"""Import of interactions from CSV or JSON lines."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from itertools import islice
from pathlib import Path

from django.db import transaction

from catalog.errors import BadRow, ImportFailed
from catalog.importers.archive import Folder
from catalog.importers.columns import EVENTS, find_columns
from catalog.importers.csv_file import describe
from catalog.importers.events import read_kind, read_time, read_user, read_verified
from catalog.importers.json_file import Records
from catalog.importers.layouts import plain
from catalog.importers.progress import with_progress
from catalog.importers.records import open_records
from catalog.importers.reports import InteractionReport, OnProblem
from catalog.importers.rows import UNSTORABLE, Problem
from catalog.importers.values import is_nothing
from catalog.interactions import Event, record
from catalog.models import Interaction, Kind, Shopper

REQUIRED = ("user", "sku", "kind", "timestamp")  # or a session in place of the user
BATCH = 1000
DERIVED = "row-"  # begins the id of a row that has none
LONGEST = {
    "user": Shopper._meta.get_field("key").max_length or 0,
    "session": Interaction._meta.get_field("session").max_length or 0,
    "id": Interaction._meta.get_field("event_id").max_length or 0,
}


def import_interactions(
    file: Path,
    *,
    is_simulated: bool = False,
    limit: int | None = None,
    dry_run: bool = False,
    progress: bool = False,
    on_problem: OnProblem | None = None,
) -> InteractionReport:
    """Record the interactions in `file`: `user,sku,kind,timestamp[,id]` as CSV, or as a JSON object a line.

    A row with a `session` and without a user is a guest's. Whoever imports it vouches for it, unless it says
    otherwise in `is_verified`.
    A second import of the same rows counts them as duplicates, also where they have no id. is_simulated: mark
    new shoppers as simulated. limit: only the first rows, this many. dry_run: record all, then roll back.
    progress: show a bar on stderr. on_problem: called with each problem as it occurs.
    Every thousand rows are a transaction of their own. Raises ImportFailed for a file that cannot be read at all.
    """
    report, repeated = InteractionReport(), 0
    with (
        rolled_back() if dry_run else nullcontext(),
        with_progress(source := Events(file), file, "interactions", limit=limit, shown=progress) as (entries, bar),
    ):
        while batch := list(islice(entries, BATCH)):
            places, events = [], []
            for entry in batch:
                if isinstance(entry, Problem):
                    report.add_problem(entry, on_problem)
                    continue
                place, fields = entry
                try:
                    events.append(parse_event(fields))
                    places.append(place)
                except BadRow as error:
                    report.add_problem(Problem(place, str(error)), on_problem)
            derived = [event.id for event in events if event.id.startswith(DERIVED)]
            repeated += len(derived) - len(set(derived))
            recorded = record(events, is_simulated=is_simulated)
            report.accepted += recorded.accepted
            report.duplicates += recorded.duplicates
            for index, errors in recorded.rejected.items():
                message = " ".join(reason for reasons in errors.values() for reason in reasons)
                report.add_problem(Problem(places[index], message), on_problem)
            bar.update(len(batch))
    report.notes += source.notes
    if repeated:
        report.notes.append(
            f"{repeated} rows without an id have the user, product, kind and the same time of a row near before them:"
            " they count once with it; give them a column id to count each"
        )
    if not dry_run:
        report.announce("interactions", file)
    return report


@contextmanager
def rolled_back() -> Iterator[None]:
    """Open one transaction for a dry run, so that rows find duplicates in earlier batches, and roll it back."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


class Events:
    """Records of events, of each of which our columns are read, whatever they are called.

    Raises ImportFailed for a file without them.
    """

    def __init__(self, file: Path) -> None:
        if not file.exists():
            raise ImportFailed(f"{file} does not exist")
        if not file.is_file():
            raise ImportFailed(f"{file} is no file; a CSV or JSON lines are taken")
        self.records = open_records(Folder(file.parent), file.name)
        columns = self.records.columns
        self.columns = find_columns(columns, EVENTS)
        # Of H&M's transactions, a row for each article that was bought.
        self.kind = Kind.PURCHASE.value if {"t_dat", "article_id"} <= set(columns) else None
        given = (
            {*self.columns} | ({"kind"} if self.kind else set()) | ({"user"} if "session" in self.columns else set())
        )
        missing = [name for name in REQUIRED if name not in given]
        if missing and columns:
            needed = f"An interaction needs {', '.join(REQUIRED)}"
            if "kind" in missing and any(plain(name) in ("rating", "stars", "score") for name in columns):
                needed += "; it has ratings: in their stead add a column kind, such as like from 4 on and view below"
            raise ImportFailed(
                f"{self.records.label} lacks: {', '.join(missing)}; {describe(columns, missing)}. {needed}"
            )

    @property
    def notes(self) -> list[str]:
        """Return what was assumed."""
        renamed = [f"{name} -> {ours}" for ours, name in self.columns.items() if name.lower() != ours]
        return [
            *self.records.notes,
            *(["H&M's transactions: each row is a purchase"] if self.kind else []),
            *([f"columns were read as others: {', '.join(renamed)}"] if renamed else []),
        ]

    def __len__(self) -> int:
        return len(self.records)

    def __iter__(self) -> Records:
        for entry in self.records:
            if isinstance(entry, Problem):
                yield entry
                continue
            place, fields = entry
            own: dict[str, object] = {ours: fields.get(name) for ours, name in self.columns.items()}
            yield place, own if self.kind is None else own | {"kind": self.kind}


def parse_event(fields: Mapping[str, object]) -> Event:
    """Build an event from a record. Raises BadRow with the reasons."""
    texts = {name: read_text(fields, name) for name in (*REQUIRED, "session", "id", "is_verified")}
    session = "" if texts["user"] else texts["session"]
    missing = [name for name in REQUIRED if not texts[name] and not (name == "user" and session)]
    if missing:
        raise BadRow(f"no value for {', '.join(missing)}")
    for name, longest in LONGEST.items():
        if len(texts[name]) > longest:
            raise BadRow(f"{name}: it has {len(texts[name])} characters; at most {longest} are taken")
    event = Event(
        user=read_user(texts["user"]),
        session=session,
        sku=texts["sku"],
        kind=read_kind(texts["kind"]),
        timestamp=read_time(texts["timestamp"]),
        id=texts["id"],
        is_verified=read_verified(texts["is_verified"]),
    )
    return event if event.id else replace(event, id=derive_id(event))


def read_text(fields: Mapping[str, object], name: str) -> str:
    """Return a field as text, empty if it is missing. Raises BadRow for another type or a character we cannot store."""
    value = fields.get(name)
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise BadRow(f"{name}: {json.dumps(value)} is neither a text nor a number")
    if UNSTORABLE.search(str(value)):
        raise BadRow(f"{name}: it holds a character that cannot be stored")
    text = str(value).strip()
    return "" if is_nothing(text) else text


def derive_id(event: Event) -> str:
    """Derive the id of an event without one: the same for the same row, so that a second import finds it."""
    assert event.timestamp is not None  # parse_event requires it
    who = (event.user,) if event.user else ("", event.session)
    key = "\0".join((*who, event.sku, event.kind, event.timestamp.isoformat()))
    return f"{DERIVED}{hashlib.sha256(key.encode()).hexdigest()[:32]}"
