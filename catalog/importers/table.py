"""A CSV of the shop's own: sku,title,category,price,image, further columns as attributes."""

import posixpath
from collections.abc import Iterator

from catalog.errors import BadRow, ImportFailed
from catalog.importers.archive import Archive
from catalog.importers.csv_file import CsvFile
from catalog.importers.rows import Problem, Row

REQUIRED = ("sku", "title", "category", "price", "image")
OPTIONAL = ("currency", "in_stock")
IN_STOCK = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False, "": None}


class Table:
    layout = f"a CSV with the columns {','.join(REQUIRED)}"
    has_prices = True

    def __init__(self, archive: Archive, name: str):
        self.archive = archive
        self.table = CsvFile(archive, name)
        self.table.columns = [known_name(column) for column in self.table.columns]
        self.table.require(REQUIRED)

    @classmethod
    def find(cls, archive: Archive) -> "Table | None":
        """The one called products.csv, or else the only one that has the columns."""
        if "products.csv" in archive.names:
            return cls(archive, "products.csv")
        complete = [name for name in tables(archive) if not objection(archive, name)]
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
                image=path_in_archive(fields["image"]),
                price=fields["price"],
                currency=fields.get("currency") or None,
                in_stock=stock(fields.get("in_stock", "")),
                attributes={name: text for name, text in fields.items() if name and name not in REQUIRED + OPTIONAL},
            )
        except BadRow as error:
            return Problem(place, str(error))


def tables(archive: Archive) -> list[str]:
    return [name for name in archive.names if "/" not in name and name.lower().endswith(".csv")]


def objection(archive: Archive, name: str) -> str:
    """Why this CSV is no table of products; empty if it is one."""
    try:
        Table(archive, name)
    except ImportFailed as error:
        return str(error)
    return ""


def known_name(column: str) -> str:
    """Our own columns in any case; a shop's attributes keep theirs."""
    return column.lower() if column.lower() in REQUIRED + OPTIONAL else column


def path_in_archive(image: str) -> str:
    if not image:
        raise BadRow("image: it is empty")
    path = posixpath.normpath(image.replace("\\", "/"))
    if path.startswith(("/", "../")) or path == "..":
        raise BadRow(f"image: {image} lies outside; a path relative to the CSV is taken")
    return path


def stock(text: str) -> bool | None:
    if text.lower() not in IN_STOCK:
        raise BadRow(f"in_stock: {text!r} is neither yes nor no")
    return IN_STOCK[text.lower()]
