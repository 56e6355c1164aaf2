"""Files of records, told apart by their content."""

import re
from pathlib import PurePosixPath
from typing import Protocol, TypeAlias

from catalog.errors import ImportFailed
from catalog.importers.archive import MEMBER, READ_ERRORS, Archive
from catalog.importers.csv_file import CsvFile
from catalog.importers.file_kinds import START, kind_of, refusal
from catalog.importers.json_file import MARK, UTF16, JsonFile
from catalog.importers.layouts import by_plain_name, plain
from catalog.importers.workbook import OLD_OR_ENCRYPTED, WorkbookFile, unreadable
from catalog.importers.xml_feed import XmlFeed

WORKBOOKS = {".xlsx", ".xlsm", ".xls", ".xlsb", ".ods", ".numbers"}
TABLES = {".csv", ".tsv", ".tab", ".txt", ".json", ".jsonl", ".ndjson", ".xml", ".rss", ".atom"} | WORKBOOKS
SPREADSHEET = b"urn:schemas-microsoft-com:office:spreadsheet"
PAGE = re.compile(rb"<(!doctype html|html|head|body|table)\b", re.IGNORECASE)


class HasColumns(Protocol):
    label: str

    @property
    def columns(self) -> list[str]: ...


RecordFile: TypeAlias = CsvFile | JsonFile | WorkbookFile | XmlFeed


def suffix_of(name: str) -> str:
    """Return the suffix of a file's name in lower case, without .gz."""
    return PurePosixPath(name.lower().removesuffix(".gz")).suffix


def open_records(archive: Archive, name: str) -> RecordFile:
    """Open a workbook, XML, JSON, which begins with a brace or a bracket, or else a CSV. Raises ImportFailed."""
    label = f"{archive.label}/{name}"
    try:
        with archive.open_unpacked(name) as file:
            start = file.read(START)
    except FileNotFoundError:
        raise ImportFailed(f"{label} does not exist") from None
    except READ_ERRORS as error:
        raise ImportFailed(f"{label} cannot be read: {error}") from error
    if start.startswith(UTF16):
        start = start.decode("utf-16", "ignore").encode()
    start = start.removeprefix(MARK).lstrip()
    if start.startswith(OLD_OR_ENCRYPTED):
        raise unreadable(label, "it is encrypted, or of Excel before 2007 (.xls)")
    if start.startswith(MEMBER):
        return WorkbookFile(archive, name)
    if kind := kind_of(start):
        raise refusal(label, kind)
    if PAGE.match(start):
        raise ImportFailed(
            f"{label} is a page of HTML, as shops show in place of a file, or a table of HTML that is named as a "
            "workbook: export CSV, .xlsx or XML, or save it in a spreadsheet as one of these"
        )
    if SPREADSHEET in start:
        raise unreadable(label, "it is XML of Excel 2003")
    if start.startswith(b"<"):
        return XmlFeed(archive, name)
    return JsonFile(archive, name) if start.startswith((b"{", b"[")) else CsvFile(archive, name, may_be_short=True)


def find_column(file: HasColumns, text: str) -> str:
    """Return the column that is meant. Raises ImportFailed if there is none."""
    column = text if text in file.columns else by_plain_name(file.columns).get(plain(text))
    if column is None:
        raise ImportFailed(f"{file.label} has no column {text}; its columns are {', '.join(file.columns)}")
    return column
