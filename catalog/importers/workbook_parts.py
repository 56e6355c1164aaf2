"""Checks of a workbook's parts before openpyxl builds objects of their elements, which may take a kilobyte each."""

import zipfile
from typing import IO
from xml.parsers import expat

from catalog.importers.archive import MAX_MEMBER_BYTES
from catalog.importers.file_kinds import document_of
from catalog.importers.zip_directory import check_directory, check_packing

MOST_PARTS = 10_000
MOST_STRINGS = 64_000_000  # bytes of the texts that openpyxl reads before the first row, unpacked; also of its styles
MOST_ELEMENTS = 100_000  # of a row, whose cells are at most 16,384, and of what is no row: styles, names, links
MOST_ITEMS = 2_000_000  # rows of a sheet, or texts
MOST_MERGED = 50_000  # ranges of cells, of a sheet
MOST_DEEP = 100
MOST_UNREAD = 1_000_000  # bytes of a tag: a parser begins it anew with each block
ITEMS = {(3, "row"), (2, "si")}  # by their depth
BLOCK = 1_000_000


def check_parts(file: IO[bytes]) -> dict[str, list[str]]:
    """Return the ranges of merged cells of each sheet, such as C3:C4, by the sheet's part.

    Raises BadZipFile for what is no workbook, or would take much memory or time.
    """
    merged: dict[str, list[str]] = {}
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
                    merged[name] = check_elements(name, part)
    return merged


def check_elements(name: str, part: IO[bytes]) -> list[str]:
    """Return the ranges of merged cells, the first MOST_MERGED of them.

    Raises BadZipFile for XML of more elements, or deeper ones, than any workbook has.
    """
    parser = expat.ParserCreate()
    merged: list[str] = []
    depth = run = items = fed = 0

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal depth, run, items
        if tag.rpartition(":")[2] == "mergeCell" and len(merged) < MOST_MERGED:
            merged.append(attributes.get("ref", ""))
        depth += 1
        if (depth, tag.rpartition(":")[2]) in ITEMS:
            items, run = items + 1, 0
        run += 1
        if run > MOST_ELEMENTS or items > MOST_ITEMS or depth > MOST_DEEP:
            reason = f"over {MOST_DEEP} elements deep" if depth > MOST_DEEP else "of more elements than any workbook's"
            raise zipfile.BadZipFile(f"{name} is {reason}, at line {parser.CurrentLineNumber}")

    def end(tag: str) -> None:
        nonlocal depth
        depth -= 1

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
    return merged
