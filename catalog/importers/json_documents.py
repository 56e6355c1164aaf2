"""JSON documents that stand one behind the other, read in blocks, in bounded memory."""

import codecs
import json
import re
from collections.abc import Callable, Iterable, Iterator

from catalog.errors import ImportFailed

MOST_CHARACTERS = 64_000_000  # of an element of an array, or of any other document
MOST_VALUES = 2_000_000  # of the same: an empty list of two characters takes 64 bytes
MOST_DEEP = 100
BLOCK = 1_000_000  # bytes that are read at once
BETWEEN = re.compile(r"[\s,]*")  # documents: some programs write lines with a comma at their ends
WHITE = re.compile(r"\s*")
DECODER = json.JSONDecoder()
TOO_DEEP = f"it has lists or objects within each other over {MOST_DEEP} deep"


class Documents:
    """Iterator over the elements of documents that are arrays, and what `unpack` returns of each other document.

    Raises ValueError for what is no JSON, and ImportFailed for an element that takes too much memory.
    """

    def __init__(self, blocks: Iterable[bytes], unpack: Callable[[object], list[object]]) -> None:
        self.texts = decoded(blocks)
        self.unpack = unpack
        self.text, self.position = "", 0
        self.is_whole = False  # nothing follows what was read

    def __iter__(self) -> Iterator[object]:
        while self._next(BETWEEN):
            if self.text[self.position] == "[":
                self.position += 1
                yield from self._array()
            else:
                yield from self.unpack(self._value())

    def _array(self) -> Iterator[object]:
        if self._next() == "]":
            self.position += 1
            return
        while True:
            self._next()
            yield self._value()
            sign = self._next()
            self.position += 1
            if sign == "]":
                return
            if sign != ",":
                raise ValueError(f"{sign!r} is where a comma or the end of the array should be" if sign else "it ends")

    def _next(self, between: re.Pattern[str] = WHITE) -> str:
        """Move to the next sign behind what is passed over, and return it; nothing at the end."""
        while True:
            found = between.match(self.text, self.position)
            self.position = found.end() if found else self.position
            if self.position < len(self.text) or not self._read():
                return self.text[self.position : self.position + 1]

    def _value(self) -> object:
        """Return the value that begins here; what was read is doubled until it is whole."""
        while True:
            try:
                found, end = decode(self.text, self.position)
                if end < len(self.text) or self.is_whole:
                    self.position = end
                    return found
            except json.JSONDecodeError:
                if self.is_whole:
                    raise
            check_size(self.text, self.position)
            self._read(max(len(self.text) - self.position, 1))

    def _read(self, least: int = 1) -> bool:
        """Read so many more characters, if there are; return whether there were any."""
        parts, size = [self.text[self.position :]], 0
        while size < least and (block := next(self.texts, None)) is not None:
            parts.append(block)
            size += len(block)
        self.text, self.position = "".join(parts), 0
        self.is_whole = size < least
        return size > 0


def decoded(blocks: Iterable[bytes]) -> Iterator[str]:
    """Yield the texts of blocks of UTF-8. Raises UnicodeDecodeError."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    for block in blocks:
        for start in range(0, len(block), BLOCK):
            if text := decoder.decode(block[start : start + BLOCK]):
                yield text
    decoder.decode(b"", final=True)


def decode(text: str, position: int = 0) -> tuple[object, int]:
    """Return the value that begins at a position, and where it ends. Raises ValueError."""
    try:
        found, end = DECODER.raw_decode(text, position)
    except RecursionError:
        raise ValueError(TOO_DEEP) from None
    if is_deep(found):
        raise ValueError(TOO_DEEP)
    return found, end


def check_size(text: str, position: int = 0) -> None:
    """Raise ImportFailed if a value that begins at a position may take too much memory."""
    if len(text) - position > MOST_CHARACTERS:
        raise ImportFailed(f"it has over {MOST_CHARACTERS:,} characters in one object; JSON lines may be of any length")
    if sum(text.count(sign, position) for sign in ",[{") > MOST_VALUES:
        raise ImportFailed(f"it has over {MOST_VALUES:,} values in one object; JSON lines may be of any length")


def is_deep(value: object, most: int = MOST_DEEP) -> bool:
    """Return whether a value has lists or objects within each other over `most` deep."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    if inner is None:
        return False
    return most == 0 or any(is_deep(each, most - 1) for each in inner if isinstance(each, dict | list))
