"""Checks of a workbook's parts before openpyxl builds objects of their elements, which may take a kilobyte each."""

import re
import zipfile
from bisect import bisect
from dataclasses import dataclass, field
from operator import itemgetter
from typing import IO
from xml.parsers import expat

from openpyxl.utils import column_index_from_string

from catalog.importers.archive import MAX_MEMBER_BYTES
from catalog.importers.file_kinds import document_of
from catalog.importers.zip_directory import check_directory, check_packing

MOST_PARTS = 10_000
MOST_STRINGS = 64_000_000  # bytes of the texts that openpyxl reads before the first row, unpacked; also of its styles
MOST_ELEMENTS = 100_000  # of a row, whose cells are at most 16,384, and of what is no row: styles, names, links
MOST_ITEMS = 2_000_000  # rows of a sheet, or texts
MOST_MERGED = 50_000  # ranges of cells, of a sheet
MOST_RUNS = 50_000  # of formulas without a result behind each other, of a column; of further ones nothing is said
CELL = re.compile(r"([A-Z]{1,3})(\d{1,7})")
MOST_DEEP = 100
MOST_UNREAD = 1_000_000  # bytes of a tag: a parser begins it anew with each block
ITEMS = {(3, "row"), (2, "si")}  # by their depth
BLOCK = 1_000_000


@dataclass
class Marks:
    """Ranges of merged cells of a sheet, such as C3:C4, and its formulas without a result, as rows by column."""

    merged: list[str] = field(default_factory=list)
    formulas: dict[int, list[list[int]]] = field(default_factory=dict)  # first and last rows of those behind each other

    def add_formula(self, cell: str) -> None:
        found = CELL.fullmatch(cell)
        if not found:
            return
        runs, row = self.formulas.setdefault(column_index_from_string(found[1]) - 1, []), int(found[2])
        if runs and runs[-1][1] == row - 1:
            runs[-1][1] = row
        elif len(runs) < MOST_RUNS:
            runs.append([row, row])

    def columns_without_result(self, row: int) -> list[int]:
        """Return the columns, from 0, in which a row has a formula without a result."""
        found = []
        for column, runs in self.formulas.items():
            index = bisect(runs, row, key=itemgetter(0)) - 1
            if index >= 0 and row <= runs[index][1]:
                found.append(column)
        return found


def check_parts(file: IO[bytes]) -> dict[str, Marks]:
    """Return the marks of each sheet by the sheet's part.

    Raises BadZipFile for what is no workbook, or would take much memory or time.
    """
    found: dict[str, Marks] = {}
    check_directory(file, MOST_PARTS)
    with zipfile.ZipFile(file) as parts:
        members = {info.filename: info for info in parts.infolist()}
        if "xl/workbook.xml" not in members:
            kind = document_of(members)
            raise zipfile.BadZipFile(f"it is {kind}" if kind else "it has no xl/workbook.xml, which each .xlsx has")
        for name, info in members.items():  # zipfile unpacks no more than declared
            limit = MAX_MEMBER_BYTES if name.startswith("xl/worksheets/") else MOST_STRINGS
            if info.file_size > limit:
                raise zipfile.BadZipFile(f"{name} has {info.file_size:,} bytes; at most {limit:,} are unpacked")
            check_packing(info)
        for name, info in members.items():
            if name.endswith((".xml", ".rels")):
                with parts.open(info) as part:
                    found[name] = check_elements(name, part)
    return found


def check_elements(name: str, part: IO[bytes]) -> Marks:
    """Return the marks of a part, of merged ranges the first MOST_MERGED.

    Raises BadZipFile for XML of more elements, or deeper ones, than any workbook has.
    """
    parser = expat.ParserCreate()
    marks = Marks()
    depth = run = items = fed = 0
    cell, has_formula, has_result = "", False, False

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal depth, run, items, cell, has_formula, has_result
        local = tag.rpartition(":")[2]
        if local == "mergeCell" and len(marks.merged) < MOST_MERGED:
            marks.merged.append(attributes.get("ref", ""))
        elif local == "c":
            # A formula whose result is an empty text has that type.
            cell, has_formula, has_result = attributes.get("r", ""), False, attributes.get("t") == "str"
        elif local == "f":
            has_formula = True
        elif local == "v" and has_formula:
            parser.CharacterDataHandler = read_result
        depth += 1
        if (depth, local) in ITEMS:
            items, run = items + 1, 0
        run += 1
        if run > MOST_ELEMENTS or items > MOST_ITEMS or depth > MOST_DEEP:
            reason = f"over {MOST_DEEP} elements deep" if depth > MOST_DEEP else "of more elements than any workbook's"
            raise zipfile.BadZipFile(f"{name} is {reason}, at line {parser.CurrentLineNumber}")

    def end(tag: str) -> None:
        nonlocal depth, has_formula
        depth -= 1
        if has_formula and tag.rpartition(":")[2] == "c":
            if not has_result:
                marks.add_formula(cell)
            has_formula = False
        parser.CharacterDataHandler = None

    def read_result(text: str) -> None:
        nonlocal has_result
        has_result = True

    def refuse_doctype(*details: object) -> None:
        raise zipfile.BadZipFile(f"{name} has a DOCTYPE, which may define entities and name other files")

    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.StartDoctypeDeclHandler = refuse_doctype
    while block := part.read(BLOCK):
        try:
            parser.Parse(block)
        except expat.ExpatError:
            break  # of a part that is needed openpyxl says so, and parses no more of it either
        fed += len(block)
        if fed - parser.CurrentByteIndex > MOST_UNREAD:
            raise zipfile.BadZipFile(f"{name} has over {MOST_UNREAD:,} bytes without an end")
    return marks
