"""CSV with the shop's columns sku,title,category,price,image; further columns become attributes."""

import posixpath
from collections.abc import Iterator
from typing import ClassVar, Self

from catalog.errors import BadRow, ImportFailed
from catalog.importers.archive import Archive
from catalog.importers.csv_file import CsvFile
from catalog.importers.rows import Problem, Row

REQUIRED = ("sku", "title", "category", "price", "image")
OPTIONAL = ("currency", "in_stock")
IN_STOCK = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False, "": None}


class Table:
    layout: ClassVar[str] = f"a CSV with the columns {','.join(REQUIRED)}"
    has_prices: ClassVar[bool] = True

    def __init__(self, archive: Archive, name: str) -> None:
        self.archive = archive
        self.table = CsvFile(archive, name)
        self.table.columns = [normalize_column(column) for column in self.table.columns]
        self.table.require(REQUIRED)

    @classmethod
    def find(cls, archive: Archive) -> Self | None:
        """Return the table products.csv, or else the only CSV that has the columns.

        Raises ImportFailed if several have them, or products.csv lacks one.
        """
        if "products.csv" in archive.names:
            return cls(archive, "products.csv")
        complete = [name for name in list_tables(archive) if not explain_rejection(archive, name)]
        if len(complete) > 1:
            raise ImportFailed(f"{archive.label} holds several tables of products, name one: {', '.join(complete)}")
        return cls(archive, complete[0]) if complete else None

    def __len__(self) -> int:
        return len(self.table)

    def __iter__(self) -> Iterator[Row | Problem]:
        for record in self.table:
            yield record if isinstance(record, Problem) else self._row(*record)

    def _row(self, place: str, fields: dict[str, str]) -> Row | Problem:
        try:
            return Row(
                place=place,
                sku=fields["sku"],
                title=fields["title"],
                category=fields["category"],
                image=resolve_image_path(fields["image"]),
                price=fields["price"],
                currency=fields.get("currency") or None,
                in_stock=parse_in_stock(fields.get("in_stock", "")),
                attributes={name: text for name, text in fields.items() if name and name not in REQUIRED + OPTIONAL},
            )
        except BadRow as error:
            return Problem(place, str(error))


def list_tables(archive: Archive) -> list[str]:
    return [name for name in archive.names if "/" not in name and name.lower().endswith(".csv")]


def explain_rejection(archive: Archive, name: str) -> str:
    """Return why a CSV is no table of products; empty if it is one."""
    try:
        Table(archive, name)
    except ImportFailed as error:
        return str(error)
    return ""


def normalize_column(column: str) -> str:
    """Convert the name of a known column to lower case; attributes stay as they are."""
    return column.lower() if column.lower() in REQUIRED + OPTIONAL else column


def resolve_image_path(image: str) -> str:
    """Normalize the path of an image. Raises BadRow if it is empty or leads out of the folder of the CSV."""
    if not image:
        raise BadRow("image: it is empty")
    path = posixpath.normpath(image.replace("\\", "/"))
    if path.startswith(("/", "../")) or path == "..":
        raise BadRow(f"image: {image} lies outside; a path relative to the CSV is taken")
    return path


def parse_in_stock(text: str) -> bool | None:
    """Parse yes, no, true, false, 1 or 0; None if it is empty. Raises BadRow for any other text."""
    if text.lower() not in IN_STOCK:
        raise BadRow(f"in_stock: {text!r} is neither yes nor no")
    return IN_STOCK[text.lower()]
