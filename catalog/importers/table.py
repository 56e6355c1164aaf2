"""Table of products: with the shop's columns, or with those of another program; further columns become attributes."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar, Self

from catalog.errors import BadRow, ImportFailed
from catalog.importers import values
from catalog.importers.archive import Archive
from catalog.importers.columns import PRODUCTS, currency_in, find_columns, find_further_images, layout_of
from catalog.importers.csv_file import describe
from catalog.importers.image_names import find_images
from catalog.importers.records import TABLES, WORKBOOKS, open_records, suffix_of
from catalog.importers.rows import Problem, Row

REQUIRED = ("sku", "title", "category", "price", "image")
LEAST_COLUMNS = 3  # of REQUIRED

Record = tuple[str, Mapping[str, str]]


class Table:
    """Rows of a CSV, of JSON lines or of a JSON array; rows that go on with the product before are one with it."""

    layout: ClassVar[str] = f"a CSV with the columns {','.join(REQUIRED)}"
    has_prices: ClassVar[bool] = True

    def __init__(self, archive: Archive, name: str) -> None:
        self.archive = archive
        self.table = open_records(archive, name)
        columns = self.table.columns
        self.columns = find_columns(columns, PRODUCTS)
        self.program = layout_of(columns)
        missing = [column for column in REQUIRED if column not in self.columns]
        if missing:
            of = f" for {self.program.name}" if self.program else ""
            raise ImportFailed(f"{self.table.label} lacks{of}: {', '.join(missing)}; {describe(columns, missing)}")
        self.images = [self.columns["image"], *find_further_images(columns, self.columns.values())]
        taken = {*self.columns.values(), *self.images}
        self.others = [column for column in columns if column and column not in taken]
        self.currency = currency_in(self.columns["price"])
        self.variants = 0

    @classmethod
    def find(cls, archive: Archive) -> Self | None:
        """Return the table products.csv, or else the only one that has the columns.

        Raises ImportFailed if several have them, or products.csv lacks one.
        """
        if "products.csv" in archive.names:
            return cls(archive, "products.csv")
        complete = [name for name in list_tables(archive) if not explain_rejection(archive, name)]
        if len(complete) > 1:
            raise ImportFailed(f"{archive.label} holds several tables of products, name one: {', '.join(complete)}")
        return cls(archive, complete[0]) if complete else None

    @property
    def notes(self) -> list[str]:
        """Return what was assumed and left out, once the rows were read."""
        renamed = [f"{name} -> {ours}" for ours, name in self.columns.items() if name.lower() != ours]
        renamed += [f"{name} -> further images" for name in self.images[1:]]
        return [
            *self.table.notes,
            *([f"{self.table.name} was read as {self.program.name}"] if self.program else []),
            *([f"columns were read as others: {', '.join(renamed)}"] if renamed else []),
            *([f"{self.variants} rows are further variants of the product before them"] if self.variants else []),
        ]

    def __len__(self) -> int:
        return sum(1 for _ in self._groups())

    def __iter__(self) -> Iterator[Row | Problem]:
        self.variants = 0
        for group in self._groups():
            if isinstance(group, Problem):
                yield group
                continue
            try:
                yield self._row(group)
            except BadRow as error:
                yield Problem(group[0][0], str(error))

    def _groups(self) -> Iterator[list[Record] | Problem]:
        """Yield the records of each product: its own, and those of further variants and images that follow it."""
        group: list[Record] = []
        for record in self.table:
            if not isinstance(record, Problem):
                read = record[0], {name: text_of(value) for name, value in record[1].items()}
                if group and self._continues(read[1], group[0][1]):
                    group.append(read)
                    continue
            if group:
                yield group
            group = []
            if isinstance(record, Problem):
                yield record
            else:
                group = [read]
        if group:
            yield group

    def _continues(self, fields: Mapping[str, str], first: Mapping[str, str]) -> bool:
        sku, title = self.columns["sku"], self.columns["title"]
        is_same = bool(fields.get(sku)) and fields.get(sku) == first.get(sku)
        # A row that differs in nothing is a repeated one.
        return is_same and fields.get(title) in ("", first.get(title)) and fields != first

    def _row(self, group: Sequence[Record]) -> Row:
        place, records = group[0][0], [fields for _, fields in group]
        self.variants += len(group) - 1

        def first(name: str) -> str:
            column = self.columns.get(name, "")
            return next((text for fields in records if (text := fields.get(column, ""))), "")

        stocks = [values.read_stock(fields.get(self.columns.get("in_stock", ""), "")) for fields in records]
        price, currency = values.read_price(first("price")) if first("price") else ("", None)
        if not price:
            raise BadRow("price: it is empty")
        cells = [fields.get(column, "") for column in self.images for fields in records]
        image, *further = find_images(self.archive, cells)
        return Row(
            place=place,
            sku=first("sku"),
            title=values.read_text(first("title")),
            category=re.sub(r"\s*>\s*", " > ", values.read_text(first("category"))),
            image=image,
            price=price,
            currency=first("currency") or currency or self.currency,
            in_stock=None if all(stock is None for stock in stocks) else any(stocks),
            attributes={name: joined(records, name) for name in self.others},
            further_images=tuple(further),
        )


def text_of(value: object) -> str:
    """Return a value of a record as text: JSON has others."""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, list):
        return ", ".join(map(text_of, value))
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def joined(records: Sequence[Mapping[str, str]], column: str) -> str:
    """Return the different values of a column, as a shopper should read them, with commas between."""
    found = (values.read_text(fields.get(column, "")) for fields in records)
    return ", ".join(dict.fromkeys(text for text in found if text))


def list_tables(archive: Archive) -> list[str]:
    """Return the names of the archive's own tables; of texts only those that name columns of products."""
    found = [name for name in archive.names if "/" not in name and suffix_of(name) in TABLES]
    return [name for name in found if suffix_of(name) not in (".txt", ".xml") or is_meant_as_products(archive, name)]


def is_meant_as_products(archive: Archive, name: str) -> bool:
    """Return whether a file has most columns of a table of products, if not all, or is a workbook nobody can read."""
    try:
        found = find_columns(open_records(archive, name).columns, PRODUCTS)
    except ImportFailed:
        return suffix_of(name) in WORKBOOKS
    return len(found.keys() & set(REQUIRED)) >= LEAST_COLUMNS


def explain_rejection(archive: Archive, name: str) -> str:
    """Return why a file is no table of products; empty if it is one."""
    try:
        Table(archive, name)
    except ImportFailed as error:
        return str(error)
    return ""
