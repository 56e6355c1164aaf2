"""A folder or a zip, read the same way; a zip is never unpacked."""

import lzma
import os
import zipfile
import zlib
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from django.conf import settings

from catalog.errors import ImportFailed, UnreadableImage

SUFFIXES = {".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff"}
MAX_MEMBER_BYTES = 200_000_000  # of a zip's table, unpacked; a picture's limit is MAX_IMAGE_BYTES
ENCRYPTED = 0x1  # bit of ZipInfo.flag_bits
MEMBER = b"PK\x03\x04"  # the first bytes of each member, and of a zip

# What reading may raise: the disk's errors, and those of a member that is damaged or packed in an unknown way.
READ_ERRORS = (OSError, EOFError, NotImplementedError, zipfile.BadZipFile, zlib.error, lzma.LZMAError)


class Archive(ABC):
    """Files by name. A name is relative and has forward slashes; hidden files and __MACOSX are left out."""

    label: str  # for messages

    @property
    @abstractmethod
    def names(self) -> list[str]:
        """All files, sorted."""

    @abstractmethod
    def open(self, name: str) -> BinaryIO:
        """Raises one of READ_ERRORS, as reading on may."""

    @abstractmethod
    def size(self, name: str) -> int:
        """Bytes as declared; 0 for a file that cannot be had."""

    @abstractmethod
    def inside(self, folder: str) -> "Archive":
        """What lies in one of its folders."""

    @property
    def images(self) -> list[str]:
        return [name for name in self.names if PurePosixPath(name).suffix.lower() in SUFFIXES]

    def read_image_file(self, name: str) -> bytes:
        """The file of a picture. Raises UnreadablePicture if it cannot be had, or is larger than MAX_IMAGE_BYTES."""
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


class Folder(Archive):
    """Links are followed, except those that lead back to where they lie."""

    def __init__(self, root: Path):
        self.root = root
        self.label = str(root)

    @cached_property
    def names(self) -> list[str]:
        found = []
        for place, folders, files in os.walk(self.root, followlinks=True):
            here = Path(place)
            folders[:] = [name for name in folders if is_wanted(name) and not self._leads_back(here / name)]
            below = here.relative_to(self.root)
            found += [(below / name).as_posix() for name in files if is_wanted(name)]
        return sorted(found)

    def _leads_back(self, folder: Path) -> bool:
        """Whether it is a link to what it was reached through, or to something around that: it would never end."""
        if not folder.is_symlink():
            return False
        target = folder.resolve()
        passed = [above.resolve() for above in folder.parents if above.is_relative_to(self.root)]
        return any(above.is_relative_to(target) for above in passed)

    def open(self, name: str) -> BinaryIO:
        return (self.root / name).open("rb")

    def size(self, name: str) -> int:
        try:
            return (self.root / name).stat().st_size
        except OSError:  # read_picture tells what is wrong with it
            return 0

    def inside(self, folder: str) -> "Folder":
        return Folder(self.root / folder)


class Zip(Archive):
    def __init__(self, label: str, file: zipfile.ZipFile, members: dict[str, zipfile.ZipInfo]):
        self.label = label
        self.file = file
        self.members = members

    @cached_property
    def names(self) -> list[str]:
        return sorted(self.members)

    def open(self, name: str) -> BinaryIO:
        if name not in self.members:
            raise FileNotFoundError(name)
        if self.size(name) > MAX_MEMBER_BYTES:
            raise zipfile.BadZipFile(f"{self.size(name):,} bytes; at most {MAX_MEMBER_BYTES:,} are unpacked")
        return self.file.open(self.members[name])

    def size(self, name: str) -> int:
        return self.members[name].file_size if name in self.members else 0

    def inside(self, folder: str) -> "Zip":
        prefix = f"{folder}/"
        below = {name.removeprefix(prefix): info for name, info in self.members.items() if name.startswith(prefix)}
        return Zip(f"{self.label}/{folder}", self.file, below)


@contextmanager
def open_zip(path: Path) -> Iterator[Zip]:
    """Raises ImportFailed for what is no zip, or an encrypted one."""
    try:
        file = zipfile.ZipFile(path)
    except READ_ERRORS as error:
        if isinstance(error, zipfile.BadZipFile) and is_cut_off(path):
            raise ImportFailed(f"{path} is cut off or damaged: no central directory, which ends a whole zip") from error
        raise ImportFailed(f"{path} is no zip, or a damaged one: {error}") from error
    with file:
        members = {}
        for info in file.infolist():
            name = info.filename.replace("\\", "/")  # as some programs on Windows write it
            if info.is_dir() or not all(is_wanted(part) for part in name.split("/")):
                continue
            if info.flag_bits & ENCRYPTED:
                raise ImportFailed(f"{path} is encrypted: unpack it, then import the folder")
            members[name] = info
        yield Zip(str(path), file, members)


def is_cut_off(path: Path) -> bool:
    """Whether it begins as a zip does, and does not end so."""
    with path.open("rb") as file:
        return file.read(len(MEMBER)) == MEMBER and not zipfile.is_zipfile(path)


def is_wanted(part: str) -> bool:
    """Whether this part of a path may belong to the data: it is not hidden, and leads neither to the root nor up."""
    return part != "" and not part.startswith(".") and part != "__MACOSX"
