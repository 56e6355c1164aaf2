"""JSON lines, and one JSON array of objects or an object around it, read one record at a time."""

import codecs
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from itertools import chain
from typing import IO

from catalog.errors import ImportFailed
from catalog.importers.archive import READ_ERRORS, Archive
from catalog.importers.rows import Problem

Records = Iterator[tuple[str, Mapping[str, object]] | Problem]
MARK = b"\xef\xbb\xbf"
UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
MOST_BESIDE = 5  # values of an object around the products, such as a count and a link: a product has more
WITH_LISTS = {"event_name", "actionDetails"}  # of Google Analytics and Matomo: a record, with a list of objects
MOST_BYTES = 200_000_000  # of an array, which is read as a whole
BETWEEN = re.compile(r"[\s,]*")  # documents: some programs write lines with a comma at their ends
LEAST = 3  # values of an object that is a record among others
DECODER = json.JSONDecoder()
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
        return list(found)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __iter__(self) -> Records:
        for place, entry in self._entries():
            yield (place, entry) if isinstance(entry, dict) else Problem(place, str(entry))

    def _entries(self) -> Iterator[tuple[str, object]]:
        """Yield each element with its place; in place of one that is no object, why."""
        try:
            with self._opened() as lines:
                blank = list(iter_blank(lines))
                first = blank.pop().removeprefix(MARK) if blank else b""
                following = list(iter_blank(lines))
                if not begins_lines(first, has_more=bool(following and following[-1].strip())):
                    yield from self._elements(b"".join([first, *following, lines.read(MOST_BYTES)]))
                    return
                for number, line in enumerate(chain(blank, [first], following, lines), 1):
                    if line.strip():
                        yield from elements_of_line(f"{self.name} line {number}", line)
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
            documents = list(iter_documents(text))
        except (ValueError, RecursionError) as error:
            raise ImportFailed(f"{self.label} is not JSON, or longer than {MOST_BYTES:,} bytes: {error}") from error
        elements = chain.from_iterable(found if isinstance(found, list) else list_in(found) for found in documents)
        for number, element in enumerate(elements, 1):
            yield f"{self.name} element {number}", element if isinstance(element, dict) else NO_OBJECT


def elements_of_line(place: str, line: bytes) -> Iterator[tuple[str, object]]:
    """Yield the object of a line, or those of a list within an object that has nothing else, such as a page of them."""
    try:
        documents = list(iter_documents(line))
    except (ValueError, RecursionError) as error:  # also a line that is not UTF-8
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


def iter_documents(text: bytes) -> Iterator[object]:
    """Yield the JSON documents that stand one behind the other, as in pages of an interface that were put together.

    Raises ValueError and RecursionError.
    """
    rest, position = text.decode(), 0
    while (between := BETWEEN.match(rest, position)) and between.end() < len(rest):
        found, position = DECODER.raw_decode(rest, between.end())
        yield found
    if position == 0:
        raise ValueError("it is empty")


def iter_blank(lines: IO[bytes] | codecs.StreamRecoder) -> Iterator[bytes]:
    """Yield blank lines, and the first that is none."""
    while line := lines.readline():
        yield line
        if line.removeprefix(MARK).strip():
            return


def begins_lines(first: bytes, *, has_more: bool) -> bool:
    """Return whether a line is a record of its own; else it is an array, or an object around a list, or begins one.

    has_more: whether other lines follow.
    """
    if first.lstrip().startswith(b"["):
        return False
    try:
        found = json.loads(first)
    except (ValueError, RecursionError):
        return not (
            first.strip() == b"{" or first.rstrip().endswith((b"[", b"{", b"[{")) and first.lstrip()[:1] == b"{"
        )
    is_around = isinstance(found, dict) and list_in(found) != [found]
    is_around = is_around and (len(found) <= MOST_BESIDE or is_keyed(found))
    return has_more or not is_around or bool(WITH_LISTS & found.keys())


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
