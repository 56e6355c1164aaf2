"""Files of records, told apart by name and content."""

from pathlib import PurePosixPath

from catalog.errors import ImportFailed
from catalog.importers.archive import READ_ERRORS, Archive
from catalog.importers.csv_file import CsvFile
from catalog.importers.json_file import MARK, JsonFile

TABLES = {".csv", ".tsv", ".tab", ".txt", ".json", ".jsonl", ".ndjson"}
WORKBOOKS = {".xlsx", ".xls", ".xlsm", ".ods", ".numbers"}


def suffix_of(name: str) -> str:
    """Return the suffix of a file's name in lower case, without .gz."""
    return PurePosixPath(name.lower().removesuffix(".gz")).suffix


def open_records(archive: Archive, name: str) -> CsvFile | JsonFile:
    """Open a CSV or JSON: JSON begins with a brace or a bracket. Raises ImportFailed, also for a workbook."""
    if suffix_of(name) in WORKBOOKS:
        raise ImportFailed(
            f"{archive.label}/{name} is a workbook (Excel and the like): save its sheet as CSV UTF-8, then import that"
        )
    try:
        with archive.open_unpacked(name) as file:
            start = file.read(1000).removeprefix(MARK).lstrip()
    except FileNotFoundError:
        raise ImportFailed(f"{archive.label}/{name} does not exist") from None
    except READ_ERRORS as error:
        raise ImportFailed(f"{archive.label}/{name} cannot be read: {error}") from error
    return JsonFile(archive, name) if start.startswith((b"{", b"[")) else CsvFile(archive, name, may_be_short=True)
