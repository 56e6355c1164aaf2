"""Oddities of tables as shops have them: changes of a table, or of how it is written, and what is expected then."""

import csv
import html
import io
import random
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal

from tests.catalog.importers.exports.catalogue import Item
from tests.catalog.importers.exports.dialects import Dialect
from tests.catalog.importers.exports.tables import Grid

INCHES = Item("I-5", 'Heel 5" high', ("Shoes",), Decimal("20.00"), 1, "red", ("a.jpg",))
OPEN = Item("I-6", '"Heel', ("Shoes",), Decimal("20.00"), 1, "red", ("a.jpg",))


@dataclass(frozen=True)
class Oddity:
    """A change of a table, or of how it is written; items: that are in the catalogue as well."""

    change: Callable[[Grid, random.Random], Grid] = lambda grid, generator: grid
    write: Callable[[Grid, Dialect], bytes] = lambda grid, dialect: dialect.write([grid.header, *grid.rows])
    items: tuple[Item, ...] = ()
    is_lossy: bool = False  # an item may be refused with a reason, if nothing else is
    problems: int = 0  # rows that are no products
    is_wide: bool = False  # it has characters that Windows-1252 has not


def cut_ends(grid: Grid, generator: random.Random) -> Grid:
    return replace(grid, rows=[without_end(row) for row in grid.rows])


def without_end(row: list[str]) -> list[str]:
    while row and not row[-1]:
        row = row[:-1]
    return row


def insert_blank_rows(grid: Grid, generator: random.Random) -> Grid:
    rows: list[list[str]] = [[]]
    for row in grid.rows:
        rows += [row, [], [""] * len(row), [" "] * 3]
    return replace(grid, rows=rows)


def add_empty_columns(grid: Grid, generator: random.Random) -> Grid:
    return replace(grid, header=[*grid.header, "", "", ""], rows=[[*row, "", "", ""] for row in grid.rows])


def end_rows_with_separators(grid: Grid, generator: random.Random) -> Grid:
    return replace(grid, rows=[[*row, "", ""] for row in grid.rows])


def lengthen(grid: Grid, generator: random.Random) -> Grid:
    column = grid.text_columns[-1]
    long = "Long, text; of | parts\t " * 8000
    return replace(grid, rows=[*grid.rows[:-1], [*grid.rows[-1][:column], long, *grid.rows[-1][column + 1 :]]])


def break_lines(grid: Grid, generator: random.Random) -> Grid:
    return fill(grid, 'First "line",\nsecond; line\r\n\n<p>third</p>')


def fill(grid: Grid, text: str) -> Grid:
    """Fill the last of the columns of texts, which is a description, in each row."""
    column = grid.text_columns[-1]
    return replace(grid, rows=[[*row[:column], text, *row[column + 1 :]] for row in grid.rows])


def repeat_header(grid: Grid, generator: random.Random) -> Grid:
    starts = [number for number, row in enumerate(grid.rows) if row[grid.text_columns[0]]]
    middle = starts[len(starts) // 2]
    while middle and grid.rows[middle][:2] == grid.rows[middle - 1][:2]:  # not within a product
        middle -= 1
    return replace(grid, rows=[*grid.rows[:middle], grid.header, *grid.rows[middle:]])


def repeat_images(grid: Grid, generator: random.Random) -> Grid:
    """Put further images into columns of one name, as Google permits."""
    if "additional image link" not in grid.header:
        return grid
    column = grid.header.index("additional image link")
    rows = [[*row, *[*row[column].split(","), "", ""][1:3]] for row in grid.rows]
    rows = [[*row[:column], row[column].split(",")[0], *row[column + 1 :]] for row in rows]
    return replace(grid, header=[*grid.header, *["additional image link"] * 2], rows=rows)


def escape(grid: Grid, generator: random.Random) -> Grid:
    column = grid.text_columns[0]
    return change_cells(grid, lambda text: text and f"<b>{html.escape(text)}</b>&nbsp;", column)


def decompose(grid: Grid, generator: random.Random) -> Grid:
    return change_cells(grid, lambda text: unicodedata.normalize("NFD", text))


def pad(grid: Grid, generator: random.Random) -> Grid:
    return change_cells(grid, lambda text: f" {text}  " if text else " ")


def shuffle_columns(grid: Grid, generator: random.Random) -> Grid:
    order = generator.sample(range(len(grid.header)), len(grid.header))
    return replace(
        grid, header=[grid.header[number] for number in order], rows=[[row[n] for n in order] for row in grid.rows]
    )


def raise_header(grid: Grid, generator: random.Random) -> Grid:
    expected = [
        replace(one, attributes={n.upper(): text for n, text in one.attributes.items()}) for one in grid.expected
    ]
    upper = [name.upper() for name in grid.header]
    is_packed = "additional_attributes" in grid.header or "Feature (Name:Value:Position:Customized)" in grid.header
    named_within = is_packed or any(re.search(r" name$|option ?name", name.lower()) for name in grid.header)
    return replace(
        grid, header=upper, expected=[replace(e, attributes={}) for e in expected] if named_within else expected
    )


def say_null(grid: Grid, generator: random.Random) -> Grid:
    word = generator.choice(["NULL", "null", "NaN", "N/A", "#N/A", "\\N"])
    return change_cells(grid, lambda text: text or word)


def write_formulas(grid: Grid, generator: random.Random) -> Grid:
    column = next(n for n, name in enumerate(grid.header) if name.lower() in SKUS)
    return change_cells(grid, lambda text: text and f'="{text}"', column)


SKUS = {"sku", "handle", "url handle", "reference #", "id", "product url", "handleid", "product code/sku"}


def add_total(grid: Grid, generator: random.Random) -> Grid:
    return replace(grid, rows=[*grid.rows, ["Total", *[""] * (len(grid.header) - 2), "5"]])


def change_cells(grid: Grid, change: Callable[[str], str], column: int | None = None) -> Grid:
    return replace(
        grid,
        rows=[
            [change(text) if column in (None, number) else text for number, text in enumerate(row)] for row in grid.rows
        ],
    )


def write_without_quotes(grid: Grid, dialect: Dialect) -> bytes:
    """Write quotes as they stand, where the cell has no separator."""
    lines = []
    for row in [grid.header, *grid.rows]:
        cells = [f'"{text.replace(chr(34), chr(34) * 2)}"' if dialect.separator in text else text for text in row]
        lines.append(dialect.separator.join(cells) + dialect.line_end)
    return dialect.encode("".join(lines))


def write_with_backslashes(grid: Grid, dialect: Dialect) -> bytes:
    text = io.StringIO()
    csv.writer(
        text, delimiter=dialect.separator, quoting=csv.QUOTE_ALL, doublequote=False, escapechar="\\",
        lineterminator=dialect.line_end,
    ).writerows([grid.header, *grid.rows])  # fmt: skip
    return dialect.encode(text.getvalue())


def write_without_last_end(grid: Grid, dialect: Dialect) -> bytes:
    data = replace(dialect, is_packed=False).write([grid.header, *grid.rows])
    end = dialect.line_end.encode(dialect.encoding.removesuffix("-sig"))
    return replace(dialect, is_packed=dialect.is_packed, names_separator=False, encoding="latin-1").encode(
        data.removesuffix(end).decode("latin-1")
    )


ODDITIES = {
    "none": Oddity(),
    "rows without their empty ends": Oddity(cut_ends),
    "blank rows": Oddity(insert_blank_rows),
    "empty columns at the end": Oddity(add_empty_columns),
    "separators at the ends of rows": Oddity(end_rows_with_separators),
    "long fields": Oddity(lengthen),
    "line breaks in quotes": Oddity(break_lines),
    "the header again": Oddity(repeat_header),
    "columns of one name": Oddity(repeat_images),
    "entities and tags": Oddity(escape),
    "decomposed accents": Oddity(decompose, is_wide=True),
    "spaces around": Oddity(pad),
    "columns in another order": Oddity(shuffle_columns),
    "a header in capitals": Oddity(raise_header),
    "words for nothing": Oddity(say_null),
    "formulas": Oddity(write_formulas),
    "a row of totals": Oddity(add_total, problems=1),
    "inches": Oddity(write=write_without_quotes, items=(INCHES,)),
    "a quote that is not closed": Oddity(write=write_without_quotes, items=(OPEN,), is_lossy=True),
    "quotes after backslashes": Oddity(write=write_with_backslashes),
    "no end of the last line": Oddity(write=write_without_last_end),
}
