"""Images sorted into folders whose names say what they show."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import ClassVar, Self

from catalog.importers.archive import Archive
from catalog.importers.rows import Problem, Row


class ImageFolders(ABC):
    """Base class of layouts with one product for each image, described by the names of its folders."""

    layout: ClassVar[str]
    has_prices: ClassVar[bool] = False

    def __init__(self, archive: Archive, images: list[str]) -> None:
        self.archive = archive
        self.images = images
        self.notes: list[str] = []
        self.problems: list[Problem] = []  # found before the first image

    @classmethod
    def find(cls, archive: Archive) -> Self | None:
        images = [name for name in archive.images if cls.is_product(name.split("/"))]
        return cls(archive, images) if images else None

    @staticmethod
    @abstractmethod
    def is_product(parts: list[str]) -> bool:
        """Return whether an image belongs to this layout. parts: of its path, folders first."""

    @abstractmethod
    def row(self, image: str) -> Row:
        """Build the product of an image."""

    def __len__(self) -> int:
        return len(self.problems) + len(self.images)

    def __iter__(self) -> Iterator[Row | Problem]:
        yield from self.problems
        yield from map(self.row, self.images)
