"""Progress of an import on stderr: a bar in a terminal, lines in a log."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Never, Protocol, TextIO, TypeVar

from tqdm import tqdm

from catalog.errors import ImportFailed

SECONDS_BETWEEN_LINES = 10  # in a log, where a bar cannot be drawn over

Entry = TypeVar("Entry", covariant=True)


class Entries(Protocol[Entry]):
    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[Entry]: ...


@contextmanager
def with_progress(
    entries: Entries[Entry], source: Path, noun: str, *, limit: int | None, shown: bool
) -> Iterator[tuple[Iterator[Entry], "tqdm[Never]"]]:
    """Yield the first `limit` entries, or all, and a progress bar on stderr that the caller updates.

    noun: what the entries are, in the plural, for messages.
    Raises ValueError for a limit below 1, and ImportFailed if there is no entry.
    """
    if limit is not None and limit < 1:
        raise ValueError(f"limit is {limit}; it takes at least 1")
    total = len(entries)
    if not total:
        raise ImportFailed(f"{source} holds no {noun}")
    is_terminal = sys.stderr.isatty()
    with tqdm(
        total=min(total, limit or total),
        unit=f" {noun}",
        disable=not shown,
        file=sys.stderr if is_terminal else LineWriter(sys.stderr),
        mininterval=0.1 if is_terminal else SECONDS_BETWEEN_LINES,  # 0.1: tqdm's default
    ) as bar:
        yield islice(entries, limit), bar


class LineWriter:
    """Stream for a bar whose output is no terminal: each update is a line of its own, and none is erased."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream

    def write(self, update: str) -> None:
        line = update.strip()
        if line:
            self.stream.write(f"{line}\n")

    def flush(self) -> None:
        self.stream.flush()
