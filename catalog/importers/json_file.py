"""JSON lines, and one JSON array of objects or an object around it, read one record at a time."""

import codecs
import io
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property, partial
from itertools import chain, islice
from typing import IO, cast

from catalog.errors import ImportFailed
from catalog.importers.archive import READ_ERRORS, Archive
from catalog.importers.columns import check_number
from catalog.importers.json_documents import BETWEEN, Documents, check_size, decode
from catalog.importers.rows import Problem

Records = Iterator[tuple[str, Mapping[str, object]] | Problem]
MARK = b"\xef\xbb\xbf"
UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
MOST_BESIDE = 5  # values of an object around the products, such as a count and a link: a product has more
WITH_LISTS = {"event_name", "actionDetails"}  # of Google Analytics and Matomo: a record, with a list of objects
MOST_BYTES = 64_000_000  # of a line
BLOCK = 1_000_000
LEAST = 3  # values of an object that is a record among others
NO_OBJECT = "the line is JSON, but not an object"


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
                check_number(self.label, found)
        return list(found)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __iter__(self) -> Records:
        for place, entry in self._entries():
            yield (place, entry) if isinstance(entry, dict) else Problem(place, str(entry))

    def _entries(self) -> Iterator[tuple[str, object]]:
        """Yield each element with its place; in place of one that is no object, why."""
        try:
            with self._opened() as file:
                lines = numbered(file)
                start = list(islice(lines, 2))
                if not begins_lines(start[0][1] if start else b"", has_more=len(start) > 1):
                    yield from self._elements(chain((line for _, line in start), iter(partial(file.read, BLOCK), b"")))
                    return
                for number, line in chain(start, lines):
                    try:
                        yield from elements_of_line(f"{self.name} line {number}", line)
                    except ImportFailed as error:
                        raise ImportFailed(f"{self.label} line {number}: {error}") from error
        except FileNotFoundError:
            raise ImportFailed(f"{self.label} does not exist") from None
        except UnicodeError as error:
            raise ImportFailed(f"{self.label} cannot be read as UTF-16: {error}") from error
        except READ_ERRORS as error:
            raise ImportFailed(f"{self.label} cannot be read: {error}") from error

    @contextmanager
    def _opened(self) -> Iterator[IO[bytes]]:
        """Open the file as UTF-8, in which JSON is, but for what Windows PowerShell writes."""
        with self.archive.open_unpacked(self.name) as file:
            is_utf16 = file.read(2) in UTF16
        with self.archive.open_unpacked(self.name) as file:
            yield cast(IO[bytes], io.BufferedReader(Recoded(file))) if is_utf16 else file

    def _elements(self, blocks: Iterable[bytes]) -> Iterator[tuple[str, object]]:
        number = 0
        try:
            for number, element in enumerate(Documents(blocks, list_in), 1):
                yield f"{self.name} element {number}", element if isinstance(element, dict) else NO_OBJECT
        except ValueError as error:
            raise ImportFailed(f"{self.label} is not JSON, behind element {number}: {error}") from error
        except ImportFailed as error:
            raise ImportFailed(f"{self.label}, behind element {number}: {error}") from error


class Recoded(io.RawIOBase):
    """A file of UTF-16 as one of UTF-8."""

    def __init__(self, file: IO[bytes]) -> None:
        self.text = io.TextIOWrapper(file, "utf-16", newline="")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # of which BufferedReader gives none else
        data = self.text.read(len(buffer) // 4).encode()
        buffer[: len(data)] = data
        return len(data)


def numbered(file: IO[bytes]) -> Iterator[tuple[int, bytes]]:
    """Yield the lines that are not blank with their numbers; one that is too long is cut."""
    number = 0
    while line := file.readline(MOST_BYTES + 1):
        number += 1
        line = line.removeprefix(MARK)
        if line.strip():
            yield number, line


def elements_of_line(place: str, line: bytes) -> Iterator[tuple[str, object]]:
    """Yield the object of a line, or those of a list within an object that has nothing else, such as a page of them.

    Raises ImportFailed.
    """
    try:
        documents = list(iter_documents(line))
    except ValueError as error:  # also a line that is not UTF-8
        yield place, f"not JSON: {error}"
        return
    found = [
        element
        for document in documents
        for element in (list_in(document) if isinstance(document, dict) and len(document) == 1 else [document])
    ]
    for number, element in enumerate(found, 1):
        yield (
            f"{place} element {number}" if len(found) > 1 else place,
            element if isinstance(element, dict) else NO_OBJECT,
        )


def iter_documents(line: bytes) -> Iterator[object]:
    """Yield the JSON documents that stand one behind the other in a line. Raises ValueError and ImportFailed."""
    if len(line) > MOST_BYTES:
        raise ImportFailed(f"it has over {MOST_BYTES:,} bytes")
    text, position = line.decode(), 0
    check_size(text)
    while (between := BETWEEN.match(text, position)) and between.end() < len(text):
        found, position = decode(text, between.end())
        yield found


def begins_lines(first: bytes, *, has_more: bool) -> bool:
    """Return whether a line is a record of its own; else it is an array, or an object around a list, or begins one.

    has_more: whether other lines follow.
    """
    if first.lstrip().startswith(b"["):
        return False
    try:
        [found] = iter_documents(first)
    except (ValueError, ImportFailed):
        return not (
            first.strip() == b"{" or first.rstrip().endswith((b"[", b"{", b"[{")) and first.lstrip()[:1] == b"{"
        )
    if has_more or not isinstance(found, dict) or list_in(found) == [found]:
        return True
    return not (len(found) <= MOST_BESIDE or is_keyed(found)) or bool(WITH_LISTS & found.keys())


def list_in(found: object) -> list[object]:
    """Return the list of objects within an object, such as {"data": {"products": {"items": [...]}}}; else the object.

    One that is named alone, as in {"product": {...}}, is a list of one; of GraphQL's edges the nodes are meant.
    """
    if not isinstance(found, dict):
        return [found]
    lists = [value for value in found.values() if is_list_of_objects(value)]
    if len(lists) == 1:
        return [node_in(element) for element in lists[0]]
    inner = [value for name, value in found.items() if name != "extensions"]  # which GraphQL's responses have as well
    if is_keyed(found):
        return [{"id": name, **value} for name, value in found.items()]
    if inner == [[]]:  # a page behind the last one
        return []
    return list_in(inner[0]) if len(inner) == 1 and isinstance(inner[0], dict) else [found]


def is_keyed(found: Mapping[str, object]) -> bool:
    """Return whether an object has objects by their ids: {"A-1": {...}, "A-2": {...}}."""
    return len(found) > 1 and all(isinstance(value, dict) and len(value) >= LEAST for value in found.values())


def node_in(element: Mapping[str, object]) -> Mapping[str, object]:
    """Return the node of an edge, as GraphQL calls them; any other object as it is."""
    node = element.get("node")
    return node if isinstance(node, dict) and element.keys() <= {"node", "cursor"} else element


def is_list_of_objects(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(element, dict) for element in value)
