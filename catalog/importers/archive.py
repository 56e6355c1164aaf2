"""A folder or a zip, read the same way; a zip is never unpacked."""

import gzip
import io
import lzma
import os
import unicodedata
import zipfile
import zlib
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import IO, cast

from django.conf import settings

from catalog.errors import ImportFailed, UnreadableImage
from catalog.importers.wording import counted
from catalog.importers.zip_directory import check_directory, check_packing

SUFFIXES = {
    *(".jpg", ".jpeg", ".jfif", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".avif", ".heic", ".heif"),
}
MAX_MEMBER_BYTES = 200_000_000  # of a zip's table, unpacked; the limit of an image is MAX_IMAGE_BYTES
MOST_MEMBERS = 500_000  # of a zip: DeepFashion has 289,222 images
MOST_RATIO = 200  # by which a .gz is larger unpacked, if it is over MAX_MEMBER_BYTES: tables are by 5 to 30
ENCRYPTED = 0x1  # bit of ZipInfo.flag_bits
MEMBER = b"PK\x03\x04"  # the first bytes of each member, and of a zip

# Reading may raise these: the disk's errors, and those of a zip member that is damaged or packed in an unknown way.
READ_ERRORS = (OSError, EOFError, NotImplementedError, zipfile.BadZipFile, zlib.error, lzma.LZMAError)


class Archive(ABC):
    """Files by name. A name is relative and has forward slashes; hidden files and __MACOSX are left out."""

    label: str  # for messages
    notes: Sequence[str] = ()  # on files that were refused

    @property
    @abstractmethod
    def names(self) -> list[str]:
        """Return the names of all files, sorted."""

    @abstractmethod
    def open(self, name: str) -> IO[bytes]:
        """Open a file for reading. Raises one of READ_ERRORS, as reading from the file may too."""

    @abstractmethod
    def size(self, name: str) -> int:
        """Return the declared size in bytes; 0 for a file that cannot be opened."""

    @abstractmethod
    def subfolder(self, folder: str) -> "Archive":
        """Return one of its folders as an archive."""

    @contextmanager
    def open_unpacked(self, name: str) -> Iterator[IO[bytes]]:
        """Open a file for reading, or if it is a .gz, what is in it. Raises as `open` does."""
        with self.open(name) as file:
            if name.lower().endswith(".gz"):
                yield cast(IO[bytes], io.BufferedReader(Unpacked(file), 128 * 1024))
            else:
                yield file

    def find(self, name: str) -> str | None:
        """Return the name of a file that people take for this name: in other capitals, or otherwise composed.

        Of a path, or else of the only file that has it, or ends with it, below some folder.
        """
        if self.size(name):
            return name
        same = self._by_last_part.get(base_of(name), [])
        below = [path for path in same if folded(path).endswith(folded(f"/{name}"))]
        return self._by_folded_name.get(folded(name)) or (below[0] if len(below) == 1 else None)

    @cached_property
    def _by_folded_name(self) -> dict[str, str]:
        return {folded(name): name for name in reversed(self.names)}

    @cached_property
    def _by_last_part(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for name in self.names:
            found.setdefault(base_of(name), []).append(name)
        return found

    @property
    def images(self) -> list[str]:
        """Return the names of the files with the suffix of an image, sorted."""
        return [name for name in self.names if PurePosixPath(name).suffix.lower() in SUFFIXES]

    def read_image_file(self, name: str) -> bytes:
        """Read an image's file. Raises UnreadableImage if it is missing, damaged or larger than MAX_IMAGE_BYTES."""
        limit = settings.MAX_IMAGE_BYTES
        if self.size(name) > limit:
            raise UnreadableImage(f"the file has {self.size(name):,} bytes; at most {limit:,} are taken")
        try:
            with self.open(name) as file:
                return file.read(limit + 1)  # a declared size may be a lie
        except FileNotFoundError:
            raise UnreadableImage("there is no such file") from None
        except READ_ERRORS as error:
            raise UnreadableImage(f"cannot be read: {error}") from error


class Unpacked(io.RawIOBase):
    """Unpacked content of a .gz. Raises BadGzipFile for one that unpacks to more than any table does."""

    def __init__(self, packed: IO[bytes]) -> None:
        self.packed = packed
        self.file = gzip.GzipFile(fileobj=packed)
        self.size = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # of which BufferedReader gives none else
        number = self.file.readinto(buffer)
        self.size += number
        if self.size > max(MAX_MEMBER_BYTES, MOST_RATIO * self.packed.tell()):
            raise gzip.BadGzipFile(f"it unpacks to over {MOST_RATIO} times its size, as no table does")
        return number


class Folder(Archive):
    """A folder on disk. Links are followed, except those to a folder that contains them."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.label = str(root)

    @cached_property
    def names(self) -> list[str]:
        found = []
        for place, folders, files in os.walk(self.root, followlinks=True):
            here = Path(place)
            folders[:] = [name for name in folders if is_data(name) and not self._leads_back(here / name)]
            below = here.relative_to(self.root)
            found += [(below / name).as_posix() for name in files if is_data(name)]
        return sorted(found)

    def _leads_back(self, folder: Path) -> bool:
        """Return whether a folder is a link to one that contains it: following it would never end."""
        if not folder.is_symlink():
            return False
        target = folder.resolve()
        passed = [above.resolve() for above in folder.parents if above.is_relative_to(self.root)]
        return any(above.is_relative_to(target) for above in passed)

    def open(self, name: str) -> IO[bytes]:
        return (self.root / name).open("rb")

    def size(self, name: str) -> int:
        try:
            return (self.root / name).stat().st_size
        except OSError:  # read_image_file raises the reason
            return 0

    def subfolder(self, folder: str) -> "Folder":
        return Folder(self.root / folder)


class Zip(Archive):
    """An open zip file, or one of its folders."""

    def __init__(
        self, label: str, file: zipfile.ZipFile, members: dict[str, zipfile.ZipInfo], notes: Sequence[str] = ()
    ) -> None:
        self.label = label
        self.file = file
        self.members = members
        self.notes = notes

    @cached_property
    def names(self) -> list[str]:
        return sorted(self.members)

    def open(self, name: str) -> IO[bytes]:
        if name not in self.members:
            raise FileNotFoundError(name)
        if self.size(name) > MAX_MEMBER_BYTES:
            raise zipfile.BadZipFile(f"{self.size(name):,} bytes; at most {MAX_MEMBER_BYTES:,} are unpacked")
        check_packing(self.members[name])
        return self.file.open(self.members[name])

    def size(self, name: str) -> int:
        return self.members[name].file_size if name in self.members else 0

    def subfolder(self, folder: str) -> "Zip":
        prefix = f"{folder}/"
        below = {name.removeprefix(prefix): info for name, info in self.members.items() if name.startswith(prefix)}
        return Zip(f"{self.label}/{folder}", self.file, below, self.notes)


@contextmanager
def open_zip(path: Path) -> Iterator[Zip]:
    """Open a zip for reading. Raises ImportFailed for a file that is none, damaged, encrypted or of too many files."""
    try:
        with path.open("rb") as packed:
            check_directory(packed, MOST_MEMBERS)
        file = zipfile.ZipFile(path)
    except READ_ERRORS as error:
        if isinstance(error, zipfile.BadZipFile) and is_cut_off(path):
            raise ImportFailed(f"{path} is cut off or damaged: no central directory, which ends a whole zip") from error
        raise ImportFailed(f"{path} is no zip, or a damaged one: {error}") from error
    with file:
        members, outside = {}, []
        for info in file.infolist():
            name = info.filename.replace("\\", "/")  # some programs on Windows write backslashes
            if leads_out(name):
                outside.append(name)
            if info.is_dir() or not all(is_data(part) for part in name.split("/")):
                continue
            if info.flag_bits & ENCRYPTED:
                raise ImportFailed(f"{path} is encrypted: unpack it, then import the folder")
            members[name] = info
        reason = (
            f"{counted(len(outside), 'entry leads', 'entries lead')} out of {path}, such as {outside[0]}: not read"
            if outside
            else ""
        )
        yield Zip(str(path), file, members, [reason] if reason else [])


def is_cut_off(path: Path) -> bool:
    """Return whether a file begins like a zip and does not end like one."""
    with path.open("rb") as file:
        return file.read(len(MEMBER)) == MEMBER and not zipfile.is_zipfile(path)


def folded(name: str) -> str:
    """Return a name by which names are equal that differ in capitals or in how accents are composed."""
    return unicodedata.normalize("NFC", name).casefold()


def base_of(name: str) -> str:
    """Return the last part of a path, folded."""
    return folded(name.rsplit("/", 1)[-1])


def leads_out(name: str) -> bool:
    """Return whether a path leads out of the folder from which it is meant."""
    return name.startswith("/") or ".." in name.split("/")


def is_data(part: str) -> bool:
    """Return whether a part of a path belongs to the data: not hidden, not of macOS, and neither empty nor `..`."""
    return part != "" and not part.startswith(".") and part != "__MACOSX"
