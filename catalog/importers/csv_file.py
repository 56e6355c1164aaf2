"""CSV files of any program, read one record at a time, each with its file name and line."""

import codecs
import csv
import io
import re
from collections import Counter, deque
from collections.abc import Collection, Iterable, Iterator, Sequence
from difflib import get_close_matches
from functools import partial
from itertools import islice

from catalog.errors import ImportFailed
from catalog.importers.archive import READ_ERRORS, Archive
from catalog.importers.columns import HEADER_ROWS, check_number, is_further_image, is_header
from catalog.importers.encodings import NAMES, encoding_by_header, wide_of
from catalog.importers.formulas import without_guard
from catalog.importers.mending import without_mojibake
from catalog.importers.rows import Problem
from catalog.importers.wording import counted

UNDECODED = re.compile("[\udc80-\udcff]")
SEPARATORS = ",;\t|^~\x01"
# A record of more lines or characters is one whose quote was never closed.
MOST_LINES, MOST_CHARACTERS = 1000, 1_000_000
LONGEST_LINE = 2 * MOST_CHARACTERS  # which is read as a whole
NOT_CLOSED = f'a quote (") is opened and not closed, or a field has over {MOST_CHARACTERS:,} characters'
WORDS_BEYOND = re.compile(rb"[\x80-\xff]{4,}")
SWAP = str.maketrans("'\"", "\"'")  # of quotes, in a file that has single ones around its values
NUMBER = re.compile(r"[\d.,:/ -]+")
REPEATED = "row repeats the header: left out", "rows repeat the header: left out"

csv.field_size_limit(MOST_CHARACTERS)


class CsvFile:
    """Iterator over (place, {column: text}), with a Problem for each record that does not fit the header.

    The header may stand below a title. The separator is that of its line: a comma, semicolon, tab or bar, or what a
    line `sep=` before it names. The encoding is UTF-8, UTF-16, UTF-32 with its mark, or where the file cannot be
    UTF-8, what its header is in, or else Windows-1252, unless it is in another alphabet. overflow: the column,
    if any, whose commas were not quoted: a record's surplus fields belong to it. may_be_short: a record that lacks the
    values of its last columns is no problem. notes: what was assumed.
    Raises ImportFailed, at once or during iteration, for a file that is missing, damaged, empty or not text.
    """

    def __init__(self, archive: Archive, name: str, overflow: str = "", *, may_be_short: bool = False) -> None:
        self.archive = archive
        self.name = name
        self.label = f"{archive.label}/{name}"
        self.may_be_short = may_be_short
        self.encoding = self._encoding()
        self.separator, self.columns, self.is_single = ",", [], False
        self.overflow: int | None = None
        lines = ((number, text) for number, text in self._lines() if text.strip("\r\n \ufeff"))
        first = next(lines, None)
        if first is None:
            raise ImportFailed(f"{self.label} is empty")
        named = re.fullmatch(r"sep=(.)", first[1].strip("\r\n\ufeff"))
        number, text = first if named else find_header([first, *islice(lines, HEADER_ROWS)])
        self.titled = 0 if named else number - 1  # lines above the header
        self.skipped = number if named else self.titled
        self.repeated = 0
        self.separator = named[1] if named else separator_of(text)
        self.is_single = is_single_quoted(text, self.separator)
        header = next(self._records(), None)
        if header is None:
            raise ImportFailed(f"{self.label} is empty")
        if isinstance(header, Problem):
            raise ImportFailed(f"{self.label}: {header.reason}")
        self.header = [column.strip() for column in without_empty_end(header[1])]
        columns = [without_mojibake(without_guard(column.strip())) for column in header[1]]
        self.columns = name_columns(self.label, columns)
        if any("\0" in column for column in self.columns):
            raise ImportFailed(f"{self.label} is no text: export CSV, .xlsx, JSON or XML")
        self.overflow = self.columns.index(overflow) if overflow in self.columns else None

    @property
    def notes(self) -> list[str]:
        """Return what was assumed and left out, once the records were read."""
        return [
            *([f"{self.name} is not UTF-8; it was read as {NAMES[self.encoding]}"] if self.encoding in NAMES else []),
            *([f"{self.name}: the header is line {self.titled + 1}"] if self.titled else []),
            *([counted(self.repeated, *REPEATED)] if self.repeated else []),
        ]

    def require(self, columns: Collection[str]) -> None:
        """Raise ImportFailed naming the columns that are missing, if any, and what may be meant by others."""
        missing = [column for column in columns if column not in self.columns]
        if missing:
            raise ImportFailed(f"{self.label} lacks: {', '.join(missing)}; {describe(self.columns, missing)}")

    def __len__(self) -> int:
        """Count the records under the header. Reads the whole file: one that is not UTF-8 fails before any row."""
        return sum(1 for _ in self)

    def __iter__(self) -> Iterator[tuple[str, dict[str, str]] | Problem]:
        records = self._records()
        next(records)
        self.repeated = 0
        for record in records:
            if isinstance(record, Problem):
                yield record
            elif record[1][0].strip() == self.header[0] and self._is_header(record[1]):
                self.repeated += 1  # where files were put one behind the other
            else:
                yield self._fitted(*record)

    def _is_header(self, fields: list[str]) -> bool:
        return [text.strip() for text in without_empty_end(fields)] == self.header

    def _fitted(self, place: str, fields: list[str]) -> tuple[str, dict[str, str]] | Problem:
        surplus = len(fields) - len(self.columns)
        if surplus > 0 and self.overflow is not None:
            span = slice(self.overflow, self.overflow + surplus + 1)
            fields[span] = [",".join(fields[span])]
        fields = without_empty_end(fields, len(self.columns))
        if surplus < 0 and self.may_be_short:
            fields += [""] * -surplus
        if len(fields) != len(self.columns):
            return Problem(place, self._misfit(fields))
        pairs = zip(self.columns, fields, strict=True)
        return place, {column: without_guard(text.strip()) for column, text in pairs if column}

    def _records(self) -> Iterator[tuple[str, list[str]] | Problem]:
        """Yield the records, the header first, without those of empty fields alone."""
        lines = Lines(self._lines())
        for _ in range(self.skipped):
            next(lines)
        for number, line in lines:
            fields = self._parsed(line) if '"' in line else line.rstrip("\r\n").split(self.separator)
            last = number
            if fields is None:
                fields, last = self._continued(number, line, lines)
            if fields is None:
                yield Problem(self._place(number, number), self._reason(line))
            elif any(text.strip() for text in fields):
                yield self._place(number, last), [text.translate(SWAP) for text in fields] if self.is_single else fields

    def _continued(self, number: int, line: str, lines: "Lines") -> tuple[list[str] | None, int]:
        """Return the fields of a record that goes on in the next lines, and its last line; None if it does not."""
        taken, size = [(number, line)], len(line)
        for following in lines:
            taken.append(following)
            size += len(following[1])
            if '"' in following[1]:
                fields = self._parsed("".join(text for _, text in taken))
                if fields is not None:
                    if self._is_too_long(fields):
                        break  # the quotes of two records
                    return fields, following[0]
            if len(taken) == MOST_LINES or size > MOST_CHARACTERS:
                break
        lines.put_back(taken[1:])
        return self._loose(line), number

    def _reason(self, line: str) -> str:
        """Return why a line with quotes is no record: they are not closed, or it has more fields than the header."""
        try:
            fields = next(csv.reader([line], delimiter=self.separator, strict=True), [])
        except csv.Error:
            return NOT_CLOSED
        return self._misfit(fields)

    def _misfit(self, fields: Sequence[str]) -> str:
        return f"it has {len(fields)} fields, the header has {len(self.columns)}"

    def _is_too_long(self, fields: list[str]) -> bool:
        return bool(self.columns) and len(without_empty_end(fields)) > len(self.columns)

    def _parsed(self, text: str) -> list[str] | None:
        """Return the fields of a record; None if its quotes are those neither of CSV nor of MySQL, with backslashes."""
        for escape in (None, "\\") if '\\"' in text else (None,):
            try:
                fields = next(csv.reader([text], delimiter=self.separator, escapechar=escape, strict=True), [])
            except csv.Error:
                continue
            if escape or self.overflow is not None or not self._is_too_long(fields):
                return fields
        return None

    def _loose(self, line: str) -> list[str] | None:
        """Return the fields of a line whose quotes mean inches or stand anywhere; None if it is cut otherwise then."""
        fields = line.rstrip("\r\n").split(self.separator)
        is_whole = line.count('"') % 2 == 0 and len(fields) == len(self.columns) and len(line) <= MOST_CHARACTERS
        return [text.strip().removeprefix('"').removesuffix('"') for text in fields] if is_whole else None

    def _lines(self) -> Iterator[tuple[int, str]]:
        """Yield each line, with its end, and its number. Raises ImportFailed."""
        try:
            with (
                self.archive.open_unpacked(self.name) as file,
                # A byte that is not UTF-8 becomes half a surrogate pair, which UTF-8 itself cannot spell.
                io.TextIOWrapper(file, self.encoding, errors="surrogateescape", newline="") as text,
            ):
                for number, line in enumerate(iter(partial(text.readline, LONGEST_LINE + 1), ""), 1):
                    if len(line) > LONGEST_LINE:
                        raise ImportFailed(f"{self.label}: line {number} has over {LONGEST_LINE:,} characters")
                    if wrong := UNDECODED.search(line):
                        byte = ord(wrong.group()) - 0xDC00
                        reason = f"line {number} has the byte 0x{byte:02x}; save it as UTF-8, then import it"
                        raise ImportFailed(f"{self.label} is not UTF-8: {reason}")
                    yield number, line.translate(SWAP) if self.is_single else line
        except FileNotFoundError:
            raise ImportFailed(f"{self.label} does not exist") from None
        except UnicodeError as error:  # UTF-16 that is cut off
            raise ImportFailed(f"{self.label} cannot be read as {self.encoding.upper()}: {error}") from error
        except READ_ERRORS as error:
            raise ImportFailed(f"{self.label} cannot be read: {error}") from error

    def _encoding(self) -> str:
        """Return the encoding: of a file that is not UTF-8 that of its header's words, else Windows-1252."""
        decoder, has_utf8, start = codecs.getincrementaldecoder("utf-8")(), False, b""
        try:
            with self.archive.open_unpacked(self.name) as file:
                for number, block in enumerate(iter(partial(file.read, 1_000_000), b"")):
                    start = start or block
                    if number == 0 and (wide := wide_of(block)):
                        return wide
                    has_utf8 |= not decoder.decode(block).isascii()
                decoder.decode(b"", final=True)
        except UnicodeDecodeError as error:
            if not has_utf8 and (found := encoding_by_header(start)):
                return found
            if is_no_western(error.object):
                raise ImportFailed(
                    f"{self.label} is neither UTF-8 nor of a western language; save it as UTF-8, then import it"
                ) from error
            is_mixed = has_utf8 or not error.object[: error.start].isascii()
            return "utf-8-sig" if is_mixed or set(error.object) & {0x81, 0x8D, 0x8F, 0x90, 0x9D} else "cp1252"
        except FileNotFoundError:
            raise ImportFailed(f"{self.label} does not exist") from None
        except READ_ERRORS as error:
            raise ImportFailed(f"{self.label} cannot be read: {error}") from error
        return "utf-8-sig"

    def _place(self, first: int, last: int) -> str:
        return f"{self.name} line {first}" if first == last else f"{self.name} lines {first}-{last}"


class Lines:
    """Iterator over numbered lines, some of which can be put back."""

    def __init__(self, lines: Iterable[tuple[int, str]]) -> None:
        self.lines = iter(lines)
        self.waiting: deque[tuple[int, str]] = deque()

    def __iter__(self) -> Iterator[tuple[int, str]]:
        return self

    def __next__(self) -> tuple[int, str]:
        return self.waiting.popleft() if self.waiting else next(self.lines)

    def put_back(self, lines: list[tuple[int, str]]) -> None:
        """Return these lines next."""
        self.waiting.extendleft(reversed(lines))


def is_no_western(block: bytes) -> bool:
    """Return whether text is of another alphabet than Windows-1252 has: whole words have bytes beyond ASCII."""
    beyond = sum(byte > 0x7F for byte in block)
    return sum(map(len, WORDS_BEYOND.findall(block))) > beyond / 2


def name_columns(label: str, columns: Sequence[str]) -> list[str]:
    """Return the columns, where several of further images have one name, as in Google's feeds, each with its number.

    Raises ImportFailed if others have one name, or there are too many.
    """
    check_number(label, columns)
    numbers = Counter(filter(None, columns))
    others = sorted(column for column, number in numbers.items() if number > 1 and not is_further_image(column))
    if others:
        raise ImportFailed(f"{label} has twice: {', '.join(others)}; rename or delete one of them")
    named, seen = [], Counter[str]()
    for column in columns:
        seen[column] += bool(column)
        named.append(column if seen[column] < 2 else f"{column} ({seen[column]})")
    return named


def find_header(lines: Sequence[tuple[int, str]]) -> tuple[int, str]:
    """Return the first of numbered lines that names columns, as below a title; the first one of all if none does.

    If the next line names columns as well, its names are those of the program, below names for people.
    """
    short = [(number, text) for number, text in lines if len(text) < MOST_CHARACTERS]
    first = next((index for index, (_, text) in enumerate(short) if is_header(cells_of(text))), None)
    if first is None:
        return lines[0]
    following = short[first + 1 : first + 2]
    return next((line for line in following if is_header(cells_of(line[1]))), short[first])


def cells_of(line: str) -> list[str]:
    return next(csv.reader([line], delimiter=separator_of(line)), [])


def separator_of(header: str) -> str:
    """Return which of SEPARATORS cuts a header's line into most columns."""
    start = header[:MOST_CHARACTERS]  # more is no field
    return max(SEPARATORS, key=lambda separator: len(next(csv.reader([start], delimiter=separator), [])))


def is_single_quoted(header: str, separator: str) -> bool:
    """Return whether all names of a header are in single quotes, in place of double ones."""
    names = [name.strip() for name in header.strip("\ufeff\r\n").split(separator)]
    return all(len(name) > 2 and name[0] == name[-1] == "'" for name in names)


def without_empty_end(fields: list[str], least: int = 0) -> list[str]:
    """Return the fields without empty ones at the end; at least so many."""
    size = len(fields)
    while size > least and not fields[size - 1].strip():
        size -= 1
    return fields[:size]


def describe(columns: Sequence[str], missing: Collection[str]) -> str:
    """Return the columns that there are, with what may help somebody who meant those that are missing."""
    words = f"its columns are {', '.join(columns)}"
    if columns and all(NUMBER.fullmatch(column) for column in columns[-2:]):
        words += "; these look like values: the first line must be a header with the names of the columns"
    near = {column: get_close_matches(column.lower(), missing, 1, 0.7) for column in columns}
    renamed = [f"{column} -> {found[0]}" for column, found in near.items() if found and column not in missing]
    return words + (f"; rename {', '.join(renamed)}?" if renamed else "")
