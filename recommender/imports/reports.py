"""Reports of imports to download: a line of CSV for each problem, with its place, value, reason and what would help."""

import csv
import re
from collections.abc import Iterator
from dataclasses import astuple, dataclass
from io import SEEK_END
from itertools import islice
from pathlib import Path
from typing import IO

from catalog.importers.formulas import guard, without_guard
from catalog.importers.rows import Problem

COLUMNS = ("file", "line", "column", "sku", "value", "reason", "what would help")
LOCATION = re.compile(r"(?P<file>.*?)(?: (?:lines?|row) (?P<line>\d+(?:-\d+)?))?")
REASON = re.compile(r"(?P<column>[a-z][a-z_ ]{0,30}): (?P<reason>.+)", re.DOTALL)
# Reasons that do not begin with the name of their column.
UNNAMED = re.compile(
    r"(?P<sku>SKU |There is no product )|(?P<timestamp>\S+ is in the future)|no value for (?P<name>\w+)"
)
QUOTED = re.compile(r"(?P<quote>['\"])(?P<value>.*?)(?P=quote)", re.DOTALL)
UNQUOTED = re.compile(r"(?:the URL )?(?P<value>\S+) is (?:in the future|a number|the error|not fetched)")
ADVICE = {
    "price": "Write a number with its currency, such as 19.95 EUR.",
    "in_stock": "Write yes, no or a number of pieces.",
    "image": "Name a file that is in the zip, or a URL of a host in VISREC_IMAGE_HOSTS.",
    "sku": "Give each product an id of its own, without spaces and slashes.",
    "title": "Give the product a title of at most 300 characters.",
    "category": "Give the product a category, of at most 100 characters.",
    "currency": "Write three capital letters, such as EUR.",
    "user": "Name the shopper, or in a column session the guest.",
    "timestamp": "Write the time as 2023-11-14T22:13:20Z.",
    "url": "Write an address that begins with http:// or https://.",
}
UNKNOWN = "Import its product first."


@dataclass(frozen=True)
class Line:
    """A problem in the columns of a report."""

    file: str
    line: str
    column: str
    sku: str
    value: str
    reason: str
    advice: str


def line_of(problem: Problem) -> Line:
    """Split a problem into columns. What its place and reason do not say is empty."""
    location = LOCATION.fullmatch(problem.place)
    found = REASON.fullmatch(problem.reason)
    column, reason = (found["column"], found["reason"]) if found else ("", problem.reason)
    if unnamed := UNNAMED.match(problem.reason):
        column = unnamed["name"] or unnamed.lastgroup or ""
    named = UNQUOTED.match(reason) or QUOTED.search(reason)
    first, _, rest = reason.partition("; ")
    if rest and not REASON.fullmatch(rest):  # else it is the problem of another column
        reason, advice = first, rest
    else:
        advice = UNKNOWN if reason.startswith("There is no product ") else ADVICE.get(column, "")
    return Line(
        location["file"] if location else problem.place,
        (location["line"] or "") if location else "",
        column,
        problem.sku,
        named["value"] if named else "",
        reason,
        advice,
    )


class ReportWriter:
    """Writer of a report, to a file that is open for reading and writing bytes."""

    def __init__(self, file: IO[bytes], begin: int) -> None:
        """Truncate the file to its first `begin` bytes, and write behind them."""
        self.file = file
        begin = min(begin, file.seek(0, SEEK_END))  # the disk may have lost what was written last
        file.truncate(begin)
        file.seek(begin)
        if not begin:
            file.write(b"\xef\xbb\xbf")  # else Excel takes it for Windows-1252
            self._write(COLUMNS)

    def add(self, problem: Problem) -> None:
        self._write(map(guard, astuple(line_of(problem))))  # whoever reads it must not run a supplier's formula

    def _write(self, cells: object) -> None:
        csv.writer(Encoded(self.file)).writerow(cells)  # type: ignore[arg-type]  # cells is any iterable of texts

    def size(self) -> int:
        """Return the bytes of the report so far, which are on disk then."""
        self.file.flush()
        return self.file.tell()


class Encoded:
    """Text file over one of bytes."""

    def __init__(self, file: IO[bytes]) -> None:
        self.file = file

    def write(self, text: str) -> None:
        self.file.write(text.encode(errors="backslashreplace"))


def read_first(report: Path, limit: int) -> list[list[str]]:
    """Return the first lines of a report; none if it is not there."""
    return list(islice(_lines(report), limit)) if report.exists() else []


def _lines(report: Path) -> Iterator[list[str]]:
    with report.open(encoding="utf-8-sig", newline="") as file:
        lines = csv.reader(file)
        next(lines, None)
        yield from (list(map(without_guard, line)) for line in lines)
