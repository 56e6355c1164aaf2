"""JSON lines, and one JSON array of objects or an object around it, read one record at a time."""

import codecs
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from typing import IO

from catalog.errors import ImportFailed
from catalog.importers.archive import READ_ERRORS, Archive
from catalog.importers.rows import Problem

Records = Iterator[tuple[str, Mapping[str, object]] | Problem]
MARK = b"\xef\xbb\xbf"
UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
MOST_BESIDE = 5  # values of an object around the products, such as a count and a link: a product has more
MOST_BYTES = 200_000_000  # of an array, which is read as a whole


class JsonFile:
    """Iterator over (place, object), with a Problem for each line or element that is none.

    Raises ImportFailed, at once or during iteration, for a file that is missing or damaged.
    """

    def __init__(self, archive: Archive, name: str) -> None:
        self.archive = archive
        self.name = name
        self.label = f"{archive.label}/{name}"
        self.notes: list[str] = []

    @cached_property
    def columns(self) -> list[str]:
        """Return the names in all objects: one without a value often lacks the name as well. Reads the whole file."""
        found: dict[str, None] = {}
        for record in self:
            if not isinstance(record, Problem):
                found |= dict.fromkeys(record[1])
        return list(found)

    def __len__(self) -> int:
        return sum(1 for _ in self._entries())

    def __iter__(self) -> Records:
        for place, entry in self._entries():
            if isinstance(entry, bytes):
                try:
                    entry = json.loads(entry)
                except (ValueError, RecursionError) as error:  # also a line that is not UTF-8
                    yield Problem(place, f"not JSON: {error}")
                    continue
            yield (place, entry) if isinstance(entry, dict) else Problem(place, "the line is JSON, but not an object")

    def _entries(self) -> Iterator[tuple[str, object]]:
        """Yield lines as bytes, or the elements of an array."""
        try:
            with self._opened() as lines:
                for number, line in enumerate(lines, 1):
                    text = line.removeprefix(MARK) if number == 1 else line
                    if number == 1 and (text.lstrip().startswith(b"[") or is_part_of_object(text)):
                        yield from self._elements(text + lines.read(MOST_BYTES))
                        return
                    if text.strip():
                        yield f"{self.name} line {number}", text
        except FileNotFoundError:
            raise ImportFailed(f"{self.label} does not exist") from None
        except UnicodeError as error:
            raise ImportFailed(f"{self.label} cannot be read as UTF-16: {error}") from error
        except READ_ERRORS as error:
            raise ImportFailed(f"{self.label} cannot be read: {error}") from error

    @contextmanager
    def _opened(self) -> Iterator[IO[bytes] | codecs.StreamRecoder]:
        """Open the file as UTF-8, in which JSON is, but for what Windows PowerShell writes."""
        with self.archive.open_unpacked(self.name) as file:
            is_utf16 = file.read(2) in UTF16
        with self.archive.open_unpacked(self.name) as file:
            yield codecs.EncodedFile(file, "utf-8", "utf-16") if is_utf16 else file

    def _elements(self, text: bytes) -> Iterator[tuple[str, object]]:
        try:
            found = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise ImportFailed(f"{self.label} is not JSON, or longer than {MOST_BYTES:,} bytes: {error}") from error
        for number, element in enumerate(found if isinstance(found, list) else list_in(found), 1):
            yield f"{self.name} element {number}", element


def is_part_of_object(line: bytes) -> bool:
    """Return whether a line begins an object that goes on in the next ones, or holds a list of objects."""
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return line.strip() == b"{" or line.rstrip().endswith((b"[", b"{", b"[{")) and line.lstrip().startswith(b"{")
    return isinstance(found, dict) and len(found) <= MOST_BESIDE and list_in(found) != [found]


def list_in(found: object) -> list[object]:
    """Return the list of objects within an object, such as {"products": [...]}; else the object alone."""
    lists = [value for value in found.values() if is_list_of_objects(value)] if isinstance(found, dict) else []
    return lists[0] if len(lists) == 1 else [found]


def is_list_of_objects(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(element, dict) for element in value)
