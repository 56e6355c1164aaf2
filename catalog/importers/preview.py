"""Preview of an import: what each column is taken for, and the first products, of which nothing is written."""

from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path

from catalog.errors import UnreadableImage
from catalog.images import DecodedImage
from catalog.importers.archive import Archive
from catalog.importers.detect import open_source
from catalog.importers.products import check_rows, read_named
from catalog.importers.rows import Problem, Row
from catalog.importers.table import Table

PRODUCTS = 10


def preview(source: Path, chosen: Mapping[str, str]) -> list[str]:
    """Return lines for people. chosen: columns by our fields. Raises ImportFailed as an import does."""
    with open_source(source, chosen) as rows:
        lines = [f"{column} -> {meaning}" for column, meaning in rows.mapping] if isinstance(rows, Table) else []
        entries = list(islice(check_rows(rows), PRODUCTS))
        lines += [f"The first {len(entries)} of {len(rows)}:"]
        for entry in entries:
            if isinstance(entry, Problem):
                lines.append(str(entry))
            else:
                lines += describe_row(entry.row, rows.archive)
        return lines + [f"Note: {note}" for note in rows.notes]


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
