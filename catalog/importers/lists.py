"""Lists of DeepFashion: text files with a count in the first line, the names of columns in the second, then rows."""

import io
from collections.abc import Iterator

from catalog.errors import ImportFailed
from catalog.importers.archive import READ_ERRORS, Archive
from catalog.importers.rows import Problem

Entry = tuple[str, str, list[str]]  # place, name, values


class ListFile:
    """Iterator over (place, name, values), and a Problem for each line that has none and for a count that is wrong.

    ends_with: how many values stand behind the name, which may have spaces; None: as many as there are behind its
    first word. Raises ImportFailed, at once or during iteration, for a file that is no list.
    """

    def __init__(self, archive: Archive, name: str, ends_with: int | None = None) -> None:
        self.archive = archive
        self.name = name
        self.label = f"{archive.label}/{name}"
        self.ends_with = ends_with
        lines = self._lines()
        self.count = next(lines, "").strip()
        self.header = next(lines, "").split()
        if not self.count.isdecimal() or not self.header:
            raise ImportFailed(f"{self.label} has no count in its first line and no names of columns in its second")

    def __iter__(self) -> Iterator[Entry | Problem]:
        found = 0
        for number, line in enumerate(self._lines(), 1):
            if number < 3 or not line.strip():
                continue
            found += 1
            place = f"{self.name} line {number}"
            name, *values = line.split() if self.ends_with is None else line.rsplit(maxsplit=self.ends_with)
            yield (place, name.strip(), values) if values else Problem(place, f"it has a name alone: {name.strip()}")
        if found != int(self.count):
            yield Problem(f"{self.name} line 1", f"it says {self.count} rows, but {found} follow: is the file cut off?")

    def _lines(self) -> Iterator[str]:
        try:
            with (
                self.archive.open_unpacked(self.name) as file,
                io.TextIOWrapper(file, "utf-8-sig", errors="strict") as text,
            ):
                yield from text
        except UnicodeError as error:
            raise ImportFailed(f"{self.label} is not UTF-8: {error}") from error
        except READ_ERRORS as error:
            raise ImportFailed(f"{self.label} cannot be read: {error}") from error
