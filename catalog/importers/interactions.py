"""Interactions out of CSV or JSON lines."""

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
from catalog.importers.progress import counted
from catalog.importers.reports import InteractionReport, OnProblem
from catalog.importers.rows import UNSTORABLE, Problem
from catalog.interactions import Event, record
from catalog.models import Interaction, Kind, Shopper

REQUIRED = ("user", "sku", "kind", "timestamp")
BATCH = 1000
LONGEST = {
    "user": Shopper._meta.get_field("key").max_length,
    "id": Interaction._meta.get_field("event_id").max_length,
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

    A second import of the same rows counts them as duplicates, also where they have no id. is_simulated: mark the
    shoppers that this makes. limit: only this many of its first rows. dry_run: record all, and take it back at the end.
    progress: a bar on stderr. on_problem: called with each as it is met.
    Every thousand rows are committed by themselves. Raises ImportFailed for a file that cannot be read at all.
    """
    report = InteractionReport()
    with (
        taken_back() if dry_run else nullcontext(),
        counted(open_records(file), file, "interactions", limit=limit, shown=progress) as (entries, bar),
    ):
        while batch := list(islice(entries, BATCH)):
            places, events = [], []
            for entry in batch:
                if isinstance(entry, Problem):
                    report.pass_over(entry, on_problem)
                    continue
                place, fields = entry
                try:
                    events.append(event(fields))
                    places.append(place)
                except BadRow as error:
                    report.pass_over(Problem(place, str(error)), on_problem)
            recorded = record(events, is_simulated=is_simulated)
            report.accepted += recorded.accepted
            report.duplicates += recorded.duplicates
            for index, errors in recorded.rejected.items():
                reasons = " ".join(reason for told in errors.values() for reason in told)
                report.pass_over(Problem(places[index], reasons), on_problem)
            bar.update(len(batch))
    return report


@contextmanager
def taken_back() -> Iterator[None]:
    """One transaction, so that a row finds its duplicate in any batch before; nothing of it stays."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def open_records(file: Path) -> "CsvFile | JsonLines":
    """By its content: JSON lines begin with a brace. Raises ImportFailed."""
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
    """Iterates as CsvFile does."""

    file: Path

    def __len__(self) -> int:
        return sum(1 for _ in self._lines())

    def __iter__(self) -> Records:
        for place, line in self._lines():
            try:
                fields = json.loads(line)
            except (ValueError, RecursionError) as error:  # also a line that is not UTF-8
                yield Problem(place, f"no JSON: {error}")
                continue
            yield (place, fields) if isinstance(fields, dict) else Problem(place, "it is JSON, and no object")

    def _lines(self) -> Iterator[tuple[str, bytes]]:
        with self.file.open("rb") as lines:
            for number, line in enumerate(lines, 1):
                text = line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line
                if text.strip():
                    yield f"{self.file.name} line {number}", text


def event(fields: Mapping[str, object]) -> Event:
    """Raises BadRow with the reasons."""
    user, sku, kind, timestamp, given_id = (text(fields, name) for name in (*REQUIRED, "id"))
    missing = [name for name, value in zip(REQUIRED, (user, sku, kind, timestamp), strict=True) if not value]
    if missing:
        raise BadRow(f"{', '.join(missing)}: missing")
    if kind not in Kind.values:
        raise BadRow(f"kind: {kind!r} is none of {', '.join(Kind.values)}")
    for name, value in (("user", user), ("id", given_id)):
        if len(value) > LONGEST[name]:
            raise BadRow(f"{name}: it has {len(value)} characters; at most {LONGEST[name]} are taken")
    told = Event(user=user, sku=sku, kind=Kind(kind), timestamp=moment(timestamp), id=given_id)
    return told if given_id else replace(told, id=derived_id(told))


def text(fields: Mapping[str, object], name: str) -> str:
    value = fields.get(name)
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise BadRow(f"{name}: {json.dumps(value)} is neither a text nor a number")
    if UNSTORABLE.search(str(value)):
        raise BadRow(f"{name}: it holds a character that cannot be stored")
    return str(value).strip()


def moment(text: str) -> datetime:
    """ISO 8601, UTC where it names no zone, or unix seconds."""
    try:
        if UNIX_SECONDS.fullmatch(text):
            return datetime.fromtimestamp(float(text), UTC)
        told = datetime.fromisoformat(text)
        return (told if told.tzinfo else told.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise BadRow(f"timestamp: {text!r} is neither ISO 8601 nor unix seconds") from None


def derived_id(event: Event) -> str:
    """The same for the same row, so that a second import finds it."""
    told = "\0".join((event.user, event.sku, event.kind, event.timestamp.isoformat()))
    return f"row-{hashlib.sha256(told.encode()).hexdigest()[:32]}"
