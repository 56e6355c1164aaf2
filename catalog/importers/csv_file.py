"""CSV files in UTF-8, read one record at a time, each with its file name and line."""

import csv
import io
import re
from collections.abc import Collection, Iterable, Iterator

from catalog.errors import ImportFailed
from catalog.importers.archive import READ_ERRORS, Archive
from catalog.importers.rows import Problem

UNDECODED = re.compile("[\udc80-\udcff]")


class CsvFile:
    """Iterator over (place, {column: text}), with a Problem for each record that does not fit the header.

    overflow: the column, if any, whose commas were not quoted: a record's surplus fields belong to it.
    Raises ImportFailed, at once or during iteration, for a file that is missing, damaged, empty or not UTF-8.
    """

    def __init__(self, archive: Archive, name: str, overflow: str = "") -> None:
        self.archive = archive
        self.name = name
        self.label = f"{archive.label}/{name}"
        header = next(self._records(), None)
        if header is None:
            raise ImportFailed(f"{self.label} is empty")
        if isinstance(header, Problem):
            raise ImportFailed(f"{self.label}: {header.reason}")
        self.columns = [column.strip() for column in header[1]]
        twice = sorted({column for column in self.columns if self.columns.count(column) > 1})
        if twice:
            raise ImportFailed(f"{self.label} has twice: {', '.join(twice)}")
        self.overflow = self.columns.index(overflow) if overflow in self.columns else None

    def require(self, columns: Collection[str]) -> None:
        """Raise ImportFailed naming the columns that are missing, if any."""
        missing = [column for column in columns if column not in self.columns]
        if missing:
            raise ImportFailed(f"{self.label} lacks: {', '.join(missing)}; its columns are {', '.join(self.columns)}")

    def __len__(self) -> int:
        """Count the records under the header. Reads the whole file: one that is not UTF-8 fails before any row."""
        return sum(1 for _ in self)

    def __iter__(self) -> Iterator[tuple[str, dict[str, str]] | Problem]:
        records = self._records()
        next(records)
        for record in records:
            yield record if isinstance(record, Problem) else self._fitted(*record)

    def _fitted(self, place: str, fields: list[str]) -> tuple[str, dict[str, str]] | Problem:
        surplus = len(fields) - len(self.columns)
        if surplus > 0 and self.overflow is not None:
            span = slice(self.overflow, self.overflow + surplus + 1)
            fields[span] = [",".join(fields[span])]
        if len(fields) != len(self.columns):
            return Problem(place, f"it has {len(fields)} fields, the header has {len(self.columns)}")
        return place, {column: text.strip() for column, text in zip(self.columns, fields, strict=True)}

    def _records(self) -> Iterator[tuple[str, list[str]] | Problem]:
        last = 0
        try:
            with (
                self.archive.open(self.name) as file,
                # A byte that is not UTF-8 becomes half a surrogate pair, which UTF-8 itself cannot spell.
                io.TextIOWrapper(file, "utf-8-sig", errors="surrogateescape", newline="") as text,
            ):
                reader = csv.reader(self._decoded(text))
                while True:
                    first, last = last + 1, last
                    try:
                        fields = next(reader)
                    except StopIteration:
                        return
                    except csv.Error as error:
                        last = reader.line_num
                        yield Problem(self._place(first, last), str(error))
                        continue
                    last = reader.line_num
                    if fields:
                        yield self._place(first, last), fields
        except FileNotFoundError:
            raise ImportFailed(f"{self.label} does not exist") from None
        except READ_ERRORS as error:
            raise ImportFailed(f"{self.label} cannot be read: {error}") from error

    def _decoded(self, lines: Iterable[str]) -> Iterator[str]:
        for number, line in enumerate(lines, 1):
            if wrong := UNDECODED.search(line):
                byte = ord(wrong.group()) - 0xDC00
                reason = f"line {number} has the byte 0x{byte:02x}; save it as UTF-8, then import it"
                raise ImportFailed(f"{self.label} is not UTF-8: {reason}")
            yield line

    def _place(self, first: int, last: int) -> str:
        return f"{self.name} line {first}" if first == last else f"{self.name} lines {first}-{last}"
