"""Pictures sorted into folders that say what they show."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Self

from catalog.importers.archive import Archive
from catalog.importers.rows import Problem, Row


class PictureFolders(ABC):
    """A product a picture: a layout says which pictures are products, and what their folders tell of them."""

    has_prices = False

    def __init__(self, archive: Archive, images: list[str]):
        self.archive = archive
        self.images = images
        self.problems: list[Problem] = []  # met before the first picture

    @classmethod
    def find(cls, archive: Archive) -> Self | None:
        images = [name for name in archive.images if cls.is_product(name.split("/"))]
        return cls(archive, images) if images else None

    @staticmethod
    @abstractmethod
    def is_product(parts: list[str]) -> bool:
        """parts: of a picture's name, folders first."""

    @abstractmethod
    def row(self, image: str) -> Row: ...

    def __len__(self) -> int:
        return len(self.problems) + len(self.images)

    def __iter__(self) -> Iterator[Row | Problem]:
        yield from self.problems
        yield from map(self.row, self.images)
