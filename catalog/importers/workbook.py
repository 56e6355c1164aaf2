"""Workbooks of Excel (.xlsx), read one row at a time, in bounded memory."""

import re
import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from itertools import islice
from tempfile import TemporaryFile

from openpyxl import Workbook, load_workbook
from openpyxl.cell.cell import Cell, MergedCell
from openpyxl.utils import column_index_from_string
from openpyxl.worksheet._read_only import ReadOnlyWorksheet

from catalog.errors import ImportFailed
from catalog.importers.archive import MAX_MEMBER_BYTES, Archive
from catalog.importers.columns import HEADER_ROWS, is_header
from catalog.importers.csv_file import name_columns
from catalog.importers.formulas import without_guard
from catalog.importers.rows import Problem
from catalog.importers.values import CODE, SYMBOLS, WITHOUT_RESULT
from catalog.importers.workbook_parts import Marks, check_parts

OLD_OR_ENCRYPTED = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # the first bytes of .xls, and of .xlsx with a password
MOST_ROWS = 1_048_576  # of a sheet in Excel itself
RANGE = re.compile(r"(?P<column>[A-Z]{1,3})(?P<first>\d{1,7}):[A-Z]{1,3}(?P<last>\d{1,7})")
LOCALE = re.compile(r"\[\$-[^\]]*\]")
CURRENCY = re.compile(r'\[\$([^\]-]+)[^\]]*\]|"([^"]+)"|([€$£¥₹])')


class WorkbookFile:
    """Iterator over (place, {column: text}) of the first sheet with a header, and of others with the same columns.

    Raises ImportFailed, at once or during iteration, for a file that is no such workbook, damaged or too large.
    """

    def __init__(self, archive: Archive, name: str) -> None:
        self.archive = archive
        self.name = name
        self.label = f"{archive.label}/{name}"
        with self._opened(is_first=True) as workbook:
            sheets = [sheet for sheet in workbook.worksheets if sheet.sheet_state == "visible"]
            headers = {sheet.title: self._header_of(sheet) for sheet in sheets}
            self.marks = {sheet.title: self.parts.get(part_of(sheet)) or Marks() for sheet in sheets}
        found = next((title for title, (_, columns) in headers.items() if is_header(columns)), None)
        found = found or next((title for title, (_, columns) in headers.items() if columns), None)
        if found is None:
            raise unreadable(self.label, "no sheet that is shown has a header, with the names of two columns or more")
        self.columns = name_columns(self.label, headers[found][1])
        names = set(filter(None, self.columns))
        # Of several sheets with the same columns, such as one for each season, all are read.
        alike = [title for title, (_, columns) in headers.items() if set(filter(None, columns)) == names]
        self.sheets = {title: (headers[title][0], name_columns(self.label, headers[title][1])) for title in alike}
        others = [title for title in headers if title not in alike]
        are = "was" if len(alike) == 1 else "were"
        self.notes = [f"{self.name}: {noun_of(alike)} {are} read, not {', '.join(others)}"] if others else []
        if len(alike) > 1 and not others:
            self.notes = [f"{self.name}: {noun_of(alike)} were read"]

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __iter__(self) -> Iterator[tuple[str, dict[str, str]] | Problem]:
        with self._opened() as workbook:
            for title, (header, columns) in self.sheets.items():
                place = self.name if len(self.sheets) == 1 else f"{self.name} sheet {title}"
                marks = self.marks[title]
                merged = MergedCells(marks.merged, header)
                for number, texts in self._rows(workbook[title]):
                    if number <= header or not any(texts):
                        continue
                    texts += [""] * (len(columns) - len(texts))
                    merged.fill(number, texts)
                    for column in marks.columns_without_result(number):
                        if column < len(texts) and not texts[column]:
                            texts[column] = WITHOUT_RESULT
                    pairs = zip(columns, texts, strict=False)  # what stands beside the header's columns has no name
                    yield f"{place} row {number}", {name: text for name, text in pairs if name}

    def _header_of(self, sheet: ReadOnlyWorksheet) -> tuple[int, list[str]]:
        """Return the number and the texts of the first row that names columns, or else that has two texts."""
        rows = [row for row in islice(self._rows(sheet), HEADER_ROWS) if sum(map(bool, row[1])) > 1]
        return next((row for row in rows if is_header(row[1])), rows[0] if rows else (0, []))

    def _rows(self, sheet: ReadOnlyWorksheet) -> Iterator[tuple[int, list[str]]]:
        """Yield the numbers and the texts of rows."""
        sheet.reset_dimensions()  # some programs write wrong ones
        rows = enumerate(sheet.rows, 1)
        while True:
            try:
                number, row = next(rows)
                texts = [text_of(cell) for cell in row]
            except StopIteration:
                return
            except Exception as error:  # openpyxl raises anything for a damaged workbook
                raise unreadable(self.label, reason_of(error)) from error
            if number > MOST_ROWS:
                raise unreadable(self.label, f"it has over {MOST_ROWS:,} rows")
            yield number, texts

    @contextmanager
    def _opened(self, *, is_first: bool = False) -> Iterator[Workbook]:
        with TemporaryFile() as copy:  # a member of a zip cannot be read at any place, and a .gz only slowly
            try:
                with self.archive.open_unpacked(self.name) as file:
                    while (block := file.read(1_000_000)) and copy.tell() <= MAX_MEMBER_BYTES:
                        copy.write(block)
                if is_first:
                    self.parts = check_parts(copy)
                with warnings.catch_warnings(action="ignore"):  # of styles and rules that are left out
                    workbook = load_workbook(copy, read_only=True, data_only=True, keep_links=False)
            except FileNotFoundError:
                raise ImportFailed(f"{self.label} does not exist") from None
            except Exception as error:  # openpyxl raises anything for a damaged workbook
                raise unreadable(self.label, reason_of(error)) from error
            yield workbook


class MergedCells:
    """Cells that are merged across rows below the header: each of these rows has the value of the first.

    ranges: such as C3:C4. header: the number of its row.
    """

    def __init__(self, ranges: Iterable[str], header: int) -> None:
        self.starts: dict[int, list[tuple[int, int]]] = {}  # first row: columns and last rows
        self.open: dict[int, tuple[int, str]] = {}  # column: last row and value
        for text in ranges:
            if not (cells := RANGE.fullmatch(text)):  # a damaged one
                continue
            first, last = int(cells["first"]), int(cells["last"])
            if header < first < last:
                column = column_index_from_string(cells["column"]) - 1
                self.starts.setdefault(first, []).append((column, last))

    def fill(self, number: int, texts: list[str]) -> None:
        """Fill in the empty cells of the next row that has texts."""
        for column, (last, text) in list(self.open.items()):
            if number > last:
                del self.open[column]
            elif column < len(texts) and not texts[column]:
                texts[column] = text
        for column, last in self.starts.get(number, ()):
            if column < len(texts):
                self.open[column] = last, texts[column]


def noun_of(titles: Sequence[str]) -> str:
    return f"the sheet{'' if len(titles) == 1 else 's'} {', '.join(titles)}"


def part_of(sheet: ReadOnlyWorksheet) -> str:
    """Return the name of the part of a workbook that has a sheet."""
    path: str = sheet._worksheet_path  # type: ignore[attr-defined]  # which the stubs lack
    return path.lstrip("/")


def reason_of(error: Exception) -> str:
    """Return the first line of what was wrong in the first place."""
    return next(iter(str(error.__cause__ or error).splitlines()), type(error).__name__)


def unreadable(label: str, reason: str) -> ImportFailed:
    """Return the error of a workbook that cannot be read, with what to do."""
    return ImportFailed(
        f"{label} is a workbook (Excel and the like) that cannot be read: save it as .xlsx without a password, or its "
        f"sheet as CSV UTF-8, then import that. The reason: {reason}"
    )


def text_of(cell: Cell | MergedCell) -> str:
    """Return the value of a cell as it is shown, but for the number of decimals."""
    value = cell.value
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return number_text(value, cell.number_format or "")
    if isinstance(value, datetime) and not (value.hour or value.minute or value.second):
        return value.date().isoformat()
    if isinstance(value, date):
        return value.isoformat()
    return without_guard(str(value).replace("_x000D_", "").strip())


def number_text(value: int | float, number_format: str) -> str:
    """Return a number with the leading zeros and the currency of its format, in the 15 digits that Excel has."""
    text = str(value) if isinstance(value, int) else f"{Decimal(f'{value:.15g}'):f}"
    if re.fullmatch("0{2,}", number_format):
        return text.zfill(len(number_format))
    found = ("".join(match.groups("")) for match in CURRENCY.finditer(LOCALE.sub("", number_format)))
    currency = next((name for name in found if name.lower() in SYMBOLS or CODE.fullmatch(name)), "")
    return f"{text} {currency}".strip()
