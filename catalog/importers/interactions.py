"""Import of interactions from CSV or JSON lines."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from itertools import islice
from pathlib import Path

from catalog.errors import BadRow
from catalog.importers.event_records import REQUIRED, Events
from catalog.importers.events import read_kind, read_time, read_user, read_verified
from catalog.importers.progress import with_progress
from catalog.importers.reports import Follow, InteractionReport, OnProblem
from catalog.importers.rows import UNSTORABLE, Problem
from catalog.importers.trials import Trial
from catalog.importers.values import UNSEEN, check_no_formula_error, is_nothing
from catalog.importers.variant_skus import VariantSkus
from catalog.importers.wording import counted
from catalog.interactions import Event, record
from catalog.models import Interaction, Shopper

BATCH = 1000
DERIVED = "row-"  # begins the id of a row that has none
OF_VARIANTS = (
    "row names a variant, or a product's id elsewhere: it counts for the product",
    "rows name a variant, or a product's id elsewhere: they count for the product",
)
REPEATED = (
    "row without an id has the user, product, kind and the same time of a row near before it: it counts once with it; "
    "give it a column id to count each",
    "rows without an id have the user, product, kind and the same time of a row near before them: they count once with "
    "it; give them a column id to count each",
)
LONGEST = {
    "user": Shopper._meta.get_field("key").max_length or 0,
    "session": Interaction._meta.get_field("session").max_length or 0,
    "id": Interaction._meta.get_field("event_id").max_length or 0,
}


def import_interactions(
    file: Path,
    *,
    is_simulated: bool = False,
    positive: float | None = None,
    limit: int | None = None,
    dry_run: bool = False,
    progress: bool = False,
    columns: Mapping[str, str] | None = None,
    on_problem: OnProblem | None = None,
    so_far: InteractionReport | None = None,
    follow: Follow | None = None,
) -> InteractionReport:
    """Record the interactions in `file`: `user,sku,kind,timestamp[,id]` as CSV, or as a JSON object a line.

    A row with a `session` and without a user is a guest's. Whoever imports it vouches for it, unless it says
    otherwise in `is_verified`.
    A second import of the same rows counts them as duplicates, also where they have no id. is_simulated: mark
    new shoppers as simulated. positive: in place of a kind there are ratings, of which those from it on are likes.
    limit: only the first rows, this many. dry_run: record each batch, and roll it back.
    progress: show a bar on stderr. columns: what columns are taken for, where they are not to be recognised.
    on_problem: called with each problem as it occurs. follow: called after each batch; what it raises ends the import.
    Every thousand rows are a transaction of their own. so_far: the report of an import that was interrupted, when
    `follow` was last called: the import goes on behind it. Raises ImportFailed for a file that cannot be read at all.
    """
    report, read, repeated, variants = so_far or InteractionReport(), 0, 0, VariantSkus()
    trial = Trial() if dry_run else None
    source = Events(file, positive, columns)
    with with_progress(source, file, "interactions", limit=limit, shown=progress) as (entries, bar):
        while batch := list(islice(entries, BATCH)):
            read += len(batch)
            bar.update(len(batch))
            is_done = read <= report.read
            if is_done and not trial:
                continue
            places, events, problems = [], [], []
            for entry in batch:
                if isinstance(entry, Problem):
                    problems.append(entry)
                    continue
                place, fields = entry
                try:
                    events.append(parse_event(fields))
                    places.append(place)
                except BadRow as error:
                    problems.append(Problem(place, str(error)))
            if is_done and trial:
                trial.skip(events)
                continue
            for problem in problems:
                report.add_problem(problem, on_problem)
            derived = [event.id for event in events if event.id.startswith(DERIVED)]
            repeated += len(derived) - len(set(derived))
            recorded = (trial.record if trial else record)(variants.resolve(events), is_simulated=is_simulated)
            report.accepted += recorded.accepted
            report.duplicates += recorded.duplicates
            for index, errors in recorded.rejected.items():
                message = " ".join(reason for reasons in errors.values() for reason in reasons)
                report.add_problem(Problem(places[index], message), on_problem)
            report.read = read
            if follow:
                follow(report, int(bar.total or 0))
    report.notes += source.notes
    if variants.number:
        report.notes.append(counted(variants.number, *OF_VARIANTS))
    if repeated:
        report.notes.append(counted(repeated, *REPEATED))
    if not dry_run:
        report.announce("interactions", file)
    return report


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
    text = text if text.isascii() else UNSEEN.sub("", text).strip()
    check_no_formula_error(name, text)
    return "" if is_nothing(text) else text


def derive_id(event: Event) -> str:
    """Derive the id of an event without one: the same for the same row, so that a second import finds it."""
    assert event.timestamp is not None  # parse_event requires it
    who = (event.user,) if event.user else ("", event.session)
    key = "\0".join((*who, event.sku, event.kind, event.timestamp.isoformat()))
    return f"{DERIVED}{hashlib.sha256(key.encode()).hexdigest()[:32]}"
