"""Table of products: with the shop's columns, or with those of another program; further columns become attributes."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar, Self, cast

from django.conf import settings

from catalog.errors import BadRow, ImportFailed
from catalog.importers import values
from catalog.importers.archive import Archive
from catalog.importers.attributes import AttributeColumns, first, joined
from catalog.importers.columns import (
    CATEGORIES,
    MEANINGS,
    PRODUCTS,
    TAXONOMY,
    VISIBLE,
    currency_in,
    find_columns,
    find_further_images,
)
from catalog.importers.csv_file import describe
from catalog.importers.image_names import find_images, names_image
from catalog.importers.layouts import by_plain_name, has_costs, layout_of, leaves_out, plain
from catalog.importers.mending import without_mojibake
from catalog.importers.nested import open_rows
from catalog.importers.price_ranges import read_lowest_price
from catalog.importers.records import TABLES, WORKBOOKS, find_column, suffix_of
from catalog.importers.rows import Problem, Row
from catalog.importers.values import is_plain
from catalog.importers.variants import Families, Groups, Record, group_following
from catalog.importers.wording import counted
from catalog.variants import VARIANT_SKU

REQUIRED = ("sku", "title", "category", "price", "image")
LEAST_COLUMNS = 3  # of REQUIRED
LINE_END = re.compile(r"(?<!\\)\\n")  # as it is escaped; with two backslashes it is the text


class Table:
    """Rows of a CSV, of JSON lines or of a JSON array; rows that go on with the product before are one with it.

    chosen: what columns are taken for, a field of ours or one of MEANINGS, where they are not to be recognised.
    """

    layout: ClassVar[str] = f"a CSV with the columns {','.join(REQUIRED)}"
    has_prices: ClassVar[bool] = True

    def __init__(self, archive: Archive, name: str, chosen: Mapping[str, str] | None = None) -> None:
        self.archive = archive
        self.table = open_rows(archive, name)
        columns = self.table.columns
        if value := next((column for column in columns if names_image(column)), None):
            raise ImportFailed(
                f"{self.table.label} begins with a product, not with the names of its columns: one would be {value};"
                " write a line with the names above it"
            )
        self.chosen = {find_column(self.table, text): meaning for text, meaning in (chosen or {}).items()}
        others = [column for column in columns if column not in self.chosen]
        fields = {meaning: column for column, meaning in self.chosen.items() if meaning in PRODUCTS}
        self.columns = find_columns(others, PRODUCTS) | fields
        self.program = layout_of(columns)
        missing = [column for column in REQUIRED if column not in self.columns]
        if missing:
            of = f" for {self.program.name}" if self.program else ""
            raise ImportFailed(f"{self.table.label} lacks{of}: {', '.join(missing)}; {describe(columns, missing)}")
        self.sources = {ours: [column] for ours, column in self.columns.items()}
        self.hiding: dict[str, frozenset[str]] = {}
        self.families: Families | None = None
        self.sold_anyway: dict[str, str] = {}
        self.escaped: set[str] = set()
        self.rows_of_variants: dict[str, frozenset[str]] = {}
        self.own: list[str] = []  # columns that only the first row of a product has
        named = by_plain_name(others)
        if "is hidden" in named:  # as our own export has it
            self.hiding[named["is hidden"]] = frozenset(("yes", "true", "1"))
        if self.program:
            for ours, names in self.program.columns.items():
                self.sources[ours] = [named[name] for name in names if name in named]
            self.hiding |= {named[name]: signs for name, signs in self.program.hidden.items() if name in named}
            if self.program.parent in named or self.program.children in named:
                self.families = Families(self.program, by_plain_name(columns))
            self.sold_anyway = {named[name]: text for name, text in self.program.sold_anyway.items() if name in named}
            self.rows_of_variants = {
                named[name]: signs for name, signs in self.program.variants.items() if name in named
            }
            self.own = [named[name] for name in self.program.first if name in named]
            self.escaped = {named[name] for name in self.program.escaped if name in named}
        self.sources |= {ours: [column] for ours, column in fields.items()}
        self.needed = {column for name in REQUIRED for column in self.sources[name]}
        self.images = [
            self.columns["image"],
            *self._chosen_for("images"),
            *find_further_images(others, self.columns.values()),
        ]
        shown = {} if self.hiding else named
        self.visible = [shown[name] for name in VISIBLE if name in shown and shown[name] not in self.columns.values()]
        self.visible += self._chosen_for("visible")
        taken = {*self.columns.values(), *self.images, *self.hiding, *self.visible}
        self.chosen_hidden = self._chosen_for("hidden")
        taken |= {*self.chosen_hidden, *self._chosen_for("ignore")}
        self.attributes = AttributeColumns(
            [column for column in columns if column and column not in taken],
            self.program,
            self._chosen_for("attribute"),
        )
        self.currency = currency_in(self.columns["price"])
        self._forget_counts()

    def _forget_counts(self) -> None:
        self.variants = self.hidden = self.pathless = self.ranges = 0
        self.several = self.joined = 0
        self.categories: dict[str, str] = {}  # the first that is several, or joined to one name, with its place
        self.range = ""  # the first one, with its place
        self.mended = ""  # the first text that was encoded twice, and what it means
        self.failed: dict[str, str] = {}  # errors of formulas that were left out, the first of each column

    @classmethod
    def find(cls, archive: Archive, chosen: Mapping[str, str] | None = None) -> Self | None:
        """Return the table products.csv, or else the only one that has the columns.

        Raises ImportFailed if several have them, or products.csv lacks one.
        """
        if "products.csv" in archive.names:
            return cls(archive, "products.csv", chosen)
        complete = [name for name in list_tables(archive) if not explain_rejection(archive, name, chosen)]
        if len(complete) > 1:
            raise ImportFailed(f"{archive.label} holds several tables of products, name one: {', '.join(complete)}")
        return cls(archive, complete[0], chosen) if complete else None

    def _chosen_for(self, *meanings: str) -> list[str]:
        """Return the columns that were chosen for one of these."""
        return [column for column, meaning in self.chosen.items() if meaning in meanings]

    @property
    def mapping(self) -> list[tuple[str, str]]:
        """Return the columns, each with what it is taken for."""
        meanings = {column: ours for ours, found in self.sources.items() for column in found[:1]}
        meanings |= dict.fromkeys(self.images[1:], "further images") | dict.fromkeys(self.hiding, "hidden")
        left_out = [column for column in self.table.columns if leaves_out(self.program, column)]
        meanings = dict.fromkeys(left_out, "left out") | dict.fromkeys(self.visible, "visible") | meanings
        meanings |= {column: MEANINGS.get(meaning, meaning) for column, meaning in self.chosen.items()}
        return [(column, meanings.get(column, "attribute")) for column in self.table.columns if column]

    @property
    def notes(self) -> list[str]:
        """Return what was assumed and left out, once the rows were read."""
        renamed = [f"{name} -> {ours}" for ours, name in self.columns.items() if name.lower() != ours]
        renamed += [f"{name} -> further images" for name in self.images[1:]]
        costs = [name for name, meaning in self.mapping if meaning == "left out" and has_costs(name)]
        return [
            *self.table.notes,
            *([f"{self.table.name} was read as {self.program.name}"] if self.program else []),
            *([f"columns were read as others: {', '.join(renamed)}"] if renamed else []),
            *([f"columns of what products cost the shop were left out: {', '.join(costs)}"] if costs else []),
            *(counted(number, one, several) for number, one, several in self._counts() if number),
            *([f"texts are in UTF-8 twice, such as {self.mended}: they were mended"] if self.mended else []),
            *(
                [f"errors of formulas were left out: {', '.join(map(' '.join, self.failed.items()))}"]
                if self.failed
                else []
            ),
        ]

    def _counts(self) -> Iterator[tuple[int, str, str]]:
        """Yield numbers of what was done, each with the words behind it for one and for several."""
        yield (
            self.variants,
            "row is a further variant of the product before it",
            "rows are further variants of the product before them",
        )
        repeats = "repeats a product in another language: left out", "repeat products in other languages: left out"
        yield self.left_out, f"row {repeats[0]}", f"rows {repeats[1]}"
        yield (
            self.hidden,
            "product is hidden, as it is not shown there",
            "products are hidden, as they are not shown there",
        )
        yield (
            self.pathless,
            "address of a page is neither http nor https: left out",
            "addresses of pages are neither http nor https: left out",
        )
        such = f", such as {self.categories.get('several')}: the deepest was taken, or the first of these"
        yield self.several, f"product has several categories{such}", f"products have several categories{such}"
        such = (
            f", such as {self.categories.get('joined')}: each is one name; call the column categories if it has several"
        )
        yield self.joined, f"category has a comma or |{such}", f"categories have a comma or |{such}"
        such = f", such as {self.range}: the lowest was taken"
        yield self.ranges, f"price is a range{such}", f"prices are ranges{such}"

    @property
    def left_out(self) -> int:
        """Return how many rows were left out, as they repeat a product in another language."""
        return self.families.left_out if self.families else 0

    def __len__(self) -> int:
        return sum(1 for _ in self._groups())

    def __iter__(self) -> Iterator[Row | Problem]:
        self._forget_counts()
        for group in self._groups():
            if isinstance(group, Problem):
                yield group
                continue
            try:
                yield self._row(group)
            except BadRow as error:
                yield Problem(group[0][0], str(error), group[0][1].get(self.columns["sku"], ""))

    def _groups(self) -> Groups:
        """Yield the records of each product."""
        if self.families:
            return self.families.group(self._records)
        return group_following(
            self._records(), self.columns["sku"], self.columns["title"], self.own, self.rows_of_variants
        )

    def _records(self) -> Iterator[Record | Problem]:
        for record in self.table:
            if isinstance(record, Problem):
                yield record
                continue
            place, fields = record
            if isinstance(sku := fields.get(self.columns["sku"]), bool):
                yield Problem(place, f"sku: {str(sku).lower()} is no SKU: write a text or a number")
            else:
                yield (
                    place,
                    {
                        name: cast(str, value) if is_plain(value) else self._text(name, value)
                        for name, value in fields.items()
                    },
                )

    def _text(self, column: str, value: object) -> str:
        """Return a value as text; a title may be a word that is no value elsewhere."""
        if column == self.columns["category"]:
            value = values.literal_of(value.strip()) if isinstance(value, str) else value
            value = values.ELEMENT.join(map(values.text_of, value)) if isinstance(value, list) else value
        text = values.text_of(value)
        if not text.isascii() and column not in self.images:
            text = values.UNSEEN.sub("", text) if column != self.columns["title"] else text
            if (whole := without_mojibake(text)) != text:
                self.mended = self.mended or f"{text[:40]} for {whole[:40]}"
                text = whole
        if column in self.escaped:
            text = LINE_END.sub("\n", text)
        if values.is_formula_error(text):
            if column in self.needed:  # whose error is told where there is no other value
                return text
            self.failed.setdefault(column, text)
            return ""
        return text if column == self.columns["title"] else values.without_nothing(text)

    def _row(self, group: Sequence[Record]) -> Row:
        place, (errors, records) = group[0][0], self._without_errors([fields for _, fields in group])
        self.variants += len(group) - 1
        sources = self.sources

        def value(name: str, within: Sequence[Mapping[str, str]] = records) -> str:
            for fields in within:
                for column in sources.get(name, ()):
                    if text := fields.get(column):
                        return text
            return ""

        titles = [fields.get(column, "") for fields in records for column in self.sources["title"]]
        stocks = [self._read_stock(value("in_stock", [fields]), fields) for fields in records]
        for name in REQUIRED if errors else ():
            if not value(name):
                values.check_no_formula_error(name, first(errors.get(column, "") for column in self.sources[name]))
        self.failed |= errors
        if not value("price"):
            raise BadRow("price: it is empty")
        known = values.read_currency(value("currency"), settings.CURRENCY) or self.currency or ""
        price, currency, is_range = read_lowest_price(value("price"), known, settings.CURRENCY)
        if is_range:
            self.ranges += 1
            self.range = self.range or f"{value('price')} ({place})"
        is_hidden = self._is_hidden(records[0])
        self.hidden += bool(is_hidden)
        cells = [fields.get(column, "") for column in self.images for fields in records]
        image, *further = find_images(self.archive, cells)
        return Row(
            place=place,
            sku=values.check_sku(value("sku")),
            title=values.read_text(first(map(values.without_nothing, titles)) or first(titles)),
            category=self._category(place, records),
            image=image,
            price=price,
            currency=currency or known or None,
            in_stock=None if all(stock is None for stock in stocks) else any(stocks),
            is_hidden=is_hidden,
            url=self._url(value("url")),
            attributes=self.attributes.read(records, is_family=bool(self.families)) | self._variant_skus(records),
            further_images=tuple(further),
        )

    def _category(self, place: str, records: Sequence[Mapping[str, str]]) -> str:
        """Return the deepest category. Raises BadRow for a number of Google's taxonomy."""
        sources = [(column, fields.get(column, "")) for fields in records for column in self.sources["category"]]
        column, text = next((source for source in sources if source[1]), ("", ""))
        if text.isdecimal() and plain(column).endswith(TAXONOMY):
            raise BadRow(
                f"category: {text} is a number of Google's taxonomy, and no name: write the name, or fill product_type"
            )
        has_paths, is_list = bool(self.program and self.program.has_paths), plain(column) in CATEGORIES
        found = values.category_paths(text, has_paths=has_paths, is_list=is_list)
        if not has_paths:
            shown = f"{text.replace(values.ELEMENT, ' | ')} ({place})"
            if len(found) > 1:
                self.several += 1
                self.categories.setdefault("several", shown)
            elif "," in text or "|" in text:
                self.joined += 1
                self.categories.setdefault("joined", shown)
        return values.read_category(text, has_paths=has_paths, is_list=is_list)

    def _without_errors(self, records: Sequence[Mapping[str, str]]) -> tuple[dict[str, str], list[Mapping[str, str]]]:
        """Return the errors of formulas in columns that are needed, the first of each, and the records without them."""
        found: dict[str, str] = {}
        for fields in records:
            for column in self.needed:
                if (text := fields.get(column, "")).startswith("#") and values.is_formula_error(text):
                    found.setdefault(column, text)
        if not found:
            return found, list(records)
        return found, [
            {
                column: "" if column in found and values.is_formula_error(text) else text
                for column, text in fields.items()
            }
            for fields in records
        ]

    def _read_stock(self, text: str, fields: Mapping[str, str]) -> bool | None:
        """Return whether a variant is in stock, or is sold without being counted. Raises BadRow."""
        is_sold_anyway = text and any(fields.get(name, "").lower() == sign for name, sign in self.sold_anyway.items())
        return True if is_sold_anyway else values.read_stock(text)

    def _variant_skus(self, records: Sequence[Mapping[str, str]]) -> dict[str, str]:
        """Return the attribute by which events of variants with SKUs of their own count for the product."""
        has_own = self.families or self.own or self.rows_of_variants
        skus = joined(fields.get(self.columns["sku"], "") for fields in records[1:]) if has_own else ""
        return {VARIANT_SKU: skus} if skus else {}

    def _url(self, text: str) -> str | None:
        """Return the URL of the product's page; None if this is none that leads there from another page."""
        is_url = text.lower().startswith(("http://", "https://"))
        self.pathless += bool(text) and not is_url
        return text if is_url else None

    def _is_hidden(self, fields: Mapping[str, str]) -> bool | None:
        """Return whether the program does not show the product; None if it does not say. Raises BadRow."""
        found = [text in signs for column, signs in self.hiding.items() if (text := fields.get(column, "").lower())]
        for columns, is_yes in ((self.chosen_hidden, True), (self.visible, False)):
            texts = (fields.get(column, "") for column in columns)
            found += [values.read_hidden(text, is_yes=is_yes) for text in texts if text]
        return any(found) if found else None


def list_tables(archive: Archive) -> list[str]:
    """Return the names of the archive's own tables; of texts only those that name columns of products."""
    found = [name for name in archive.names if "/" not in name and suffix_of(name) in TABLES]
    return [name for name in found if suffix_of(name) not in (".txt", ".xml") or is_meant_as_products(archive, name)]


def is_meant_as_products(archive: Archive, name: str) -> bool:
    """Return whether a file has most columns of a table of products, if not all, or is a workbook nobody can read."""
    try:
        found = find_columns(open_rows(archive, name).columns, PRODUCTS)
    except ImportFailed:
        return suffix_of(name) in WORKBOOKS
    return len(found.keys() & set(REQUIRED)) >= LEAST_COLUMNS


def explain_rejection(archive: Archive, name: str, chosen: Mapping[str, str] | None = None) -> str:
    """Return why a file is no table of products; empty if it is one."""
    try:
        Table(archive, name, chosen)
    except ImportFailed as error:
        return str(error)
    return ""
