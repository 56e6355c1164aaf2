"""Preview of an import of interactions: what each column is taken for, and the first of them; nothing is written."""

from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path

from django.utils import timezone

from catalog.errors import BadRow
from catalog.importers.archive import Folder
from catalog.importers.columns import EVENT_MEANINGS, EVENTS, find_columns
from catalog.importers.event_records import Events
from catalog.importers.interactions import parse_event
from catalog.importers.preview import MOST_COUNTED, PRODUCTS, Preview, Shown
from catalog.importers.records import open_records
from catalog.importers.rows import Problem
from catalog.importers.variant_skus import VariantSkus
from catalog.interactions import CLOCK_SKEW, Event
from catalog.models import Product


def read_event_preview(source: Path, chosen: Mapping[str, str], positive: float | None) -> Preview:
    """Read the first interactions of a file. chosen: what columns are taken for.

    positive: the rating from which on a row is a like. Raises ImportFailed as an import does.
    """
    events = Events(source, positive, chosen)
    entries = list(islice(parse_entries(events), PRODUCTS))
    resolved = iter(VariantSkus().resolve([entry[1] for entry in entries if not isinstance(entry, Problem)]))
    entries = [entry if isinstance(entry, Problem) else (entry[0], next(resolved)) for entry in entries]
    skus = {entry[1].sku for entry in entries if not isinstance(entry, Problem)}
    titles = dict(Product.objects.filter(sku__in=skus).values_list("sku", "title"))
    found = [entry if isinstance(entry, Problem) else describe_event(*entry, titles) for entry in entries]
    total = len(events) if source.stat().st_size <= MOST_COUNTED else None
    return Preview(events.mapping, found, total, events.notes)


def parse_entries(events: Events) -> Iterator[tuple[str, Event] | Problem]:
    for entry in events:
        if isinstance(entry, Problem):
            yield entry
            continue
        place, fields = entry
        try:
            yield place, parse_event(fields)
        except BadRow as error:
            yield Problem(place, str(error))


def describe_event(place: str, event: Event, titles: Mapping[str, str]) -> Shown | Problem:
    """Return the line of an interaction. titles: of the products that there are, by SKU."""
    if event.sku not in titles:
        return Problem(place, f"There is no product {event.sku!r}.", event.sku)
    if event.timestamp and event.timestamp > timezone.now() + CLOCK_SKEW:
        return Problem(place, f"timestamp: {event.timestamp:%Y-%m-%d %H:%M:%S} UTC is in the future.", event.sku)
    who = event.user or f"guest {event.session}"
    return Shown([f"{who} | {event.kind} | {event.sku} {titles[event.sku]} | {event.timestamp:%Y-%m-%d %H:%M:%S} UTC"])


def estimate_event_mapping(source: Path, chosen: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return the columns of a file that lacks some, each with what it is taken for, so that others can be chosen.

    Raises ImportFailed if it cannot be read.
    """
    columns = open_records(Folder(source.parent), source.name).columns
    others = [column for column in columns if column not in chosen]
    meanings = {column: field for field, column in find_columns(others, EVENTS).items()}
    meanings |= {column: EVENT_MEANINGS.get(meaning, meaning) for column, meaning in chosen.items()}
    return [(column, meanings.get(column, "left out")) for column in columns if column]
