"""Import of interactions from CSV or JSON lines."""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

from django.db import transaction

from catalog.errors import BadRow, ImportFailed
from catalog.importers.archive import Folder
from catalog.importers.csv_file import CsvFile
from catalog.importers.progress import with_progress
from catalog.importers.reports import InteractionReport, OnProblem
from catalog.importers.rows import UNSTORABLE, Problem
from catalog.interactions import Event, record
from catalog.models import Interaction, Kind, Shopper

REQUIRED = ("user", "sku", "kind", "timestamp")
BATCH = 1000
LONGEST = {
    "user": Shopper._meta.get_field("key").max_length or 0,
    "id": Interaction._meta.get_field("event_id").max_length or 0,
}
UNIX_SECONDS = re.compile(r"-?\d+(\.\d+)?")

Records = Iterator[tuple[str, Mapping[str, object]] | Problem]


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

    A second import of the same rows counts them as duplicates, also where they have no id. is_simulated: mark
    new shoppers as simulated. limit: only the first rows, this many. dry_run: record all, then roll back.
    progress: show a bar on stderr. on_problem: called with each problem as it occurs.
    Every thousand rows are a transaction of their own. Raises ImportFailed for a file that cannot be read at all.
    """
    report = InteractionReport()
    with (
        rolled_back() if dry_run else nullcontext(),
        with_progress(open_records(file), file, "interactions", limit=limit, shown=progress) as (entries, bar),
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
            recorded = record(events, is_simulated=is_simulated)
            report.accepted += recorded.accepted
            report.duplicates += recorded.duplicates
            for index, errors in recorded.rejected.items():
                message = " ".join(reason for reasons in errors.values() for reason in reasons)
                report.add_problem(Problem(places[index], message), on_problem)
            bar.update(len(batch))
    return report


@contextmanager
def rolled_back() -> Iterator[None]:
    """Open one transaction for a dry run, so that rows find duplicates in earlier batches, and roll it back."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def open_records(file: Path) -> "CsvFile | JsonLines":
    """Open a CSV or JSON lines, told apart by content: JSON lines begin with a brace. Raises ImportFailed."""
    if not file.exists():
        raise ImportFailed(f"{file} does not exist")
    if not file.is_file():
        raise ImportFailed(f"{file} is no file; a CSV or JSON lines are taken")
    with file.open("rb") as opened:
        if opened.read(1000).removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"{"):
            return JsonLines(file)
    table = CsvFile(Folder(file.parent), file.name)
    table.require(REQUIRED)
    return table


@dataclass(frozen=True)
class JsonLines:
    """Iterator over a file of JSON lines, with the same items as CsvFile."""

    file: Path

    def __len__(self) -> int:
        return sum(1 for _ in self._lines())

    def __iter__(self) -> Records:
        for place, line in self._lines():
            try:
                fields = json.loads(line)
            except (ValueError, RecursionError) as error:  # also a line that is not UTF-8
                yield Problem(place, f"not JSON: {error}")
                continue
            yield (place, fields) if isinstance(fields, dict) else Problem(place, "the line is JSON, but not an object")

    def _lines(self) -> Iterator[tuple[str, bytes]]:
        with self.file.open("rb") as lines:
            for number, line in enumerate(lines, 1):
                text = line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line
                if text.strip():
                    yield f"{self.file.name} line {number}", text


def parse_event(fields: Mapping[str, object]) -> Event:
    """Build an event from a record. Raises BadRow with the reasons."""
    user, sku, kind, timestamp, given_id = (read_text(fields, name) for name in (*REQUIRED, "id"))
    missing = [name for name, value in zip(REQUIRED, (user, sku, kind, timestamp), strict=True) if not value]
    if missing:
        raise BadRow(f"no value for {', '.join(missing)}")
    if kind not in Kind.values:
        raise BadRow(f"kind: {kind!r} is none of {', '.join(Kind.values)}")
    for name, value in (("user", user), ("id", given_id)):
        if len(value) > LONGEST[name]:
            raise BadRow(f"{name}: it has {len(value)} characters; at most {LONGEST[name]} are taken")
    event = Event(user=user, sku=sku, kind=Kind(kind), timestamp=parse_timestamp(timestamp), id=given_id)
    return event if given_id else replace(event, id=derive_id(event))


def read_text(fields: Mapping[str, object], name: str) -> str:
    """Return a field as text, empty if it is missing. Raises BadRow for another type or a character we cannot store."""
    value = fields.get(name)
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise BadRow(f"{name}: {json.dumps(value)} is neither a text nor a number")
    if UNSTORABLE.search(str(value)):
        raise BadRow(f"{name}: it holds a character that cannot be stored")
    return str(value).strip()


def parse_timestamp(text: str) -> datetime:
    """Parse ISO 8601, UTC where it names no zone, or unix seconds. Raises BadRow for any other text."""
    try:
        if UNIX_SECONDS.fullmatch(text):
            return datetime.fromtimestamp(float(text), UTC)
        parsed = datetime.fromisoformat(text)
        return (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise BadRow(f"timestamp: {text!r} is neither ISO 8601 nor unix seconds") from None


def derive_id(event: Event) -> str:
    """Derive the id of an event without one: the same for the same row, so that a second import finds it."""
    assert event.timestamp is not None  # parse_event requires it
    key = "\0".join((event.user, event.sku, event.kind, event.timestamp.isoformat()))
    return f"row-{hashlib.sha256(key.encode()).hexdigest()[:32]}"
