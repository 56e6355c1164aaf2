"""Preview of an import: what each column is taken for, and the first products, of which nothing is written."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from catalog.errors import UnreadableImage
from catalog.images import DecodedImage
from catalog.importers.archive import Archive, Folder, open_zip
from catalog.importers.columns import MEANINGS, find_columns, find_further_images
from catalog.importers.columns import PRODUCTS as FIELDS
from catalog.importers.detect import is_table, open_source, places_of
from catalog.importers.nested import open_rows
from catalog.importers.preview_images import Thumbnail, thumbnails_of
from catalog.importers.products import check_rows, read_named
from catalog.importers.rows import Problem, Row
from catalog.importers.table import Table, list_tables

PRODUCTS = 10
MOST_COUNTED = 50_000_000  # bytes of a file whose products are counted for a preview: a second or two


@dataclass(frozen=True)
class Shown:
    """A row of a preview: what it says, and a small picture of its image or why there is none."""

    lines: Sequence[str]
    thumbnail: Thumbnail = Thumbnail()


@dataclass(frozen=True)
class Preview:
    """The columns of a table with what each is taken for, the first rows or why one is refused, and how many.

    total: None for a file that is too large to be counted meanwhile.
    """

    mapping: Sequence[tuple[str, str]]
    entries: Sequence[Shown | Problem]
    total: int | None
    notes: Sequence[str]


def read_preview(source: Path, chosen: Mapping[str, str], *, thumbnails: bool = False) -> Preview:
    """Read the first products of a source. chosen: what columns are taken for.

    thumbnails: with small pictures, of which those named by URL are fetched, for some seconds at most.
    Raises ImportFailed as an import does.
    """
    with open_source(source, chosen) as rows:
        entries = [entry if isinstance(entry, Problem) else entry.row for entry in islice(check_rows(rows), PRODUCTS)]
        names = [entry.image for entry in entries if isinstance(entry, Row)] if thumbnails else []
        small = dict(zip(names, thumbnails_of(names, rows.archive), strict=True))
        found = [
            entry
            if isinstance(entry, Problem)
            else Shown(list(describe_row(entry, rows.archive)), small.get(entry.image, Thumbnail()))
            for entry in entries
        ]
        is_counted = source.is_dir() or source.stat().st_size <= MOST_COUNTED
        mapping = rows.mapping if isinstance(rows, Table) else []
        return Preview(mapping, found, len(rows) if is_counted else None, [*rows.archive.notes, *rows.notes])


def estimate_mapping(source: Path, chosen: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return the columns of a table that lacks some, each with what it is taken for, so that others can be chosen.

    None if the source has no table. chosen: what columns are taken for. Raises ImportFailed if it cannot be read.
    """
    columns = read_columns(source)
    others = [column for column in columns if column not in chosen]
    meanings = {column: field for field, column in find_columns(others, FIELDS).items()}
    meanings |= dict.fromkeys(find_further_images(others, meanings), "further images")
    meanings |= {column: MEANINGS.get(meaning, meaning) for column, meaning in chosen.items()}
    return [(column, meanings.get(column, "attribute")) for column in columns if column]


def read_columns(source: Path) -> list[str]:
    """Return the columns of a table, or of the first one of a zip; none if it has no table. Raises ImportFailed."""
    if is_table(source):
        return list(open_rows(Folder(source.parent), source.name).columns)
    with open_zip(source) as archive:
        for place in places_of(archive):
            for name in list_tables(place):
                return list(open_rows(place, name).columns)
    return []


def preview(source: Path, chosen: Mapping[str, str]) -> list[str]:
    """Return lines for people. chosen: what columns are taken for.

    Raises ImportFailed as an import does.
    """
    return lines_of(read_preview(source, chosen))


def lines_of(found: Preview) -> list[str]:
    """Return a preview in lines for people."""
    lines = [f"{column} -> {meaning}" for column, meaning in found.mapping]
    lines += [f"The first {len(found.entries)}{'' if found.total is None else f' of {found.total}'}:"]
    for entry in found.entries:
        lines += [str(entry)] if isinstance(entry, Problem) else entry.lines
    return lines + [f"Note: {note}" for note in found.notes]


def describe_row(row: Row, archive: Archive) -> Iterator[str]:
    """Yield what a row says of its product."""
    stock = {None: "", True: "in stock", False: "sold out"}[row.in_stock]
    hidden = "hidden" if row.is_hidden else ""
    price = f"{row.price} {row.currency or ''}".strip() if row.price else "price made up"
    yield " | ".join(text for text in (row.sku, row.title, row.category, price, stock, hidden) if text)
    if row.url:
        yield f"    {row.url}"
    for name in row.images:
        yield f"    {name}: {describe_image(archive, name)}"
    if attributes := [f"{name}: {text}" for name, text in row.attributes.items() if text]:
        yield f"    {'; '.join(attributes)}"


def describe_image(archive: Archive, name: str) -> str:
    """Return the size of an image, that it is to be fetched, or why there is none."""
    image = read_named(archive, name, (), place=name)
    if isinstance(image, DecodedImage):
        return f"{image.width} x {image.height} pixels"
    return str(image) if isinstance(image, UnreadableImage) else "to be fetched"
