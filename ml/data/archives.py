"""Folders, zips and CSVs, read through one interface."""

import csv
import io
import os
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from ml.data.decoding import SUFFIXES
from ml.errors import BadData

MEMBER = b"PK\x03\x04"  # the first bytes of each file in a zip, and so of the zip


@dataclass(frozen=True)
class Member:
    """A file in a zip, read when it is needed."""

    archive: zipfile.ZipFile
    info: zipfile.ZipInfo
    name: str  # with forward slashes

    def read_bytes(self) -> bytes:
        """Read the file. Raises OSError for a damaged, encrypted or unknown member."""
        try:
            return self.archive.read(self.info)
        except (zipfile.BadZipFile, zlib.error, RuntimeError) as error:  # RuntimeError: encrypted, or an unknown method
            raise OSError(str(error)) from error

    @property
    def stamp(self) -> int:
        """Return a number that changes when the bytes do."""
        return self.info.CRC

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True)
class Table:
    """A CSV: its name, its columns, its rows, and the line on which each row ends."""

    name: str
    columns: list[str]
    rows: list[dict[str, str]]
    lines: list[int]


class Files:
    """The files under a folder, in a zip, or beside a CSV, by their relative names with forward slashes.

    Links are followed, except those that lead back to where they lie.
    """

    def __init__(self, path: Path) -> None:
        """Raise BadData if the path is neither a folder, nor a zip, nor a .csv."""
        self.path = path
        self.by_name: dict[str, Path | Member]
        if path.is_dir():
            self.by_name = {file.relative_to(path).as_posix(): file for file in sorted(_walk(path))}
        elif path.suffix.lower() == ".csv" and path.is_file():
            beside = Files(path.parent)
            self.by_name = {n: s for n, s in beside.by_name.items() if n == path.name or not n.endswith(".csv")}
        elif path.is_file() and _is_zip(path):
            archive = _open_zip(path)
            members = [info for info in archive.infolist() if not info.is_dir()]
            names = [info.filename.replace("\\", "/") for info in members]  # as some programs on Windows write it
            self.by_name = {n: Member(archive, info, n) for n, info in zip(names, members, strict=True)}
        elif path.exists():
            raise BadData(f"{path} is neither a folder, nor a zip, nor a .csv")
        else:
            raise BadData(f"{path} does not exist")
        self.by_name = {name: source for name, source in self.by_name.items() if not _is_hidden(name)}

    @property
    def images(self) -> list[str]:
        """Return the names of the files whose suffix is that of an image."""
        return [name for name in self.by_name if PurePosixPath(name).suffix.lower() in SUFFIXES]

    def find(self, file: str) -> str | None:
        """Return the name of the file called so, in the topmost folder that has one; None if there is none."""
        found = [name for name in self.by_name if PurePosixPath(name).name == file]
        return min(found, key=lambda name: name.count("/"), default=None)

    def read_table(self, name: str) -> Table:
        """Read a CSV. Raises BadData if the file is not UTF-8 or no CSV."""
        try:
            text = self.by_name[name].read_bytes().decode("utf-8-sig")
            reader = csv.DictReader(io.StringIO(text, newline=""), restval="")
            columns = list(reader.fieldnames or ())
            # A name with a comma and no quotes makes a row longer than the header; the surplus is under None.
            encode_labels = [(reader.line_num, {c: v.strip() for c, v in row.items() if c}) for row in reader]
        except UnicodeDecodeError as error:
            line = error.object.count(b"\n", 0, error.start) + 1
            raise BadData(f"{self.path}: {name} is not UTF-8: line {line}, {error.reason}; save it as UTF-8") from error
        except (OSError, csv.Error) as error:
            raise BadData(f"{self.path}: {name} cannot be read: {error}") from error
        return Table(name, columns, [row for _, row in encode_labels], [line for line, _ in encode_labels])


def _walk(root: Path) -> Iterator[Path]:
    """Yield every file in the folder and in its folders, also in those that are links."""
    for directory, folders, files in os.walk(root, followlinks=True):
        here = Path(directory)
        folders[:] = [name for name in folders if not _is_hidden(name) and not _leads_back(here / name, root)]
        yield from (here / name for name in files)


def _leads_back(folder: Path, root: Path) -> bool:
    """Return whether the folder is a link to one that it was reached through, or to one around that: no end."""
    if not folder.is_symlink():
        return False
    target = folder.resolve()
    return any(above.resolve().is_relative_to(target) for above in folder.parents if above.is_relative_to(root))


def _is_zip(path: Path) -> bool:
    """Return whether the file ends as a zip does, or at least begins as one: then it was cut off."""
    with path.open("rb") as file:
        return zipfile.is_zipfile(path) or file.read(len(MEMBER)) == MEMBER


def _open_zip(path: Path) -> zipfile.ZipFile:
    if not zipfile.is_zipfile(path):
        raise BadData(f"{path} is cut off or damaged: no central directory, which ends a whole zip")
    try:
        return zipfile.ZipFile(path)
    except zipfile.BadZipFile as error:
        raise BadData(f"{path} is a damaged zip: {error}") from error


def _is_hidden(name: str) -> bool:
    """Return whether a part of the name is hidden, belongs to macOS, or leads to the root or up."""
    return any(part in ("", "__MACOSX") or part.startswith(".") for part in name.split("/"))
