"""How far an import is."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Protocol, TextIO, TypeVar

from tqdm import tqdm

from catalog.errors import ImportFailed

SECONDS_BETWEEN_LINES = 10  # in a log, where a bar cannot be drawn over

Entry = TypeVar("Entry", covariant=True)


class Entries(Protocol[Entry]):
    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[Entry]: ...


@contextmanager
def counted(
    entries: Entries[Entry], source: Path, what: str, *, limit: int | None, shown: bool
) -> Iterator[tuple[Iterator[Entry], tqdm]]:
    """The first `limit` of the entries, or all, and a bar on stderr that waits to be told how many are done.

    Raises ValueError for a limit below 1, and ImportFailed if there is no entry.
    """
    if limit is not None and limit < 1:
        raise ValueError(f"limit is {limit}; it takes at least 1")
    total = len(entries)
    if not total:
        raise ImportFailed(f"{source} holds no {what}")
    drawn = {} if sys.stderr.isatty() else {"file": Lines(sys.stderr), "mininterval": SECONDS_BETWEEN_LINES}
    with tqdm(total=min(total, limit or total), unit=f" {what}", disable=not shown, **drawn) as bar:
        yield islice(entries, limit), bar


class Lines:
    """For a bar whose output is no terminal: each drawing is a line of its own, and none is wiped out."""

    def __init__(self, stream: TextIO):
        self.stream = stream

    def write(self, drawing: str) -> None:
        line = drawing.strip()
        if line:
            self.stream.write(f"{line}\n")

    def flush(self) -> None:
        self.stream.flush()
