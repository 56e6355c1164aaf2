"""Rows that every source is converted to before anything is written."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Protocol, Self

from catalog.importers.archive import Archive

# NUL, and half a surrogate pair: JSON can spell both, a file's name can hold the latter, PostgreSQL takes neither.
UNSTORABLE = re.compile("[\0\ud800-\udfff]")


@dataclass(frozen=True)
class Problem:
    """A row or an image that was skipped, and why."""

    place: str  # "styles.csv line 17", "images/1163.jpg"
    reason: str
    sku: str = field(default="", compare=False)  # of the row, where it could be read

    def __str__(self) -> str:
        return f"{self.place}: {self.reason}"


@dataclass(frozen=True)
class Row:
    """One product of a source; None where the source has no value, so that the shop's value stays."""

    place: str
    sku: str
    title: str
    category: str
    image: str  # its name in the archive, or its URL
    price: str | None = None
    currency: str | None = None
    in_stock: bool | None = None
    attributes: dict[str, str] = field(default_factory=dict)  # an empty value: the source has none
    is_hidden: bool | None = None
    url: str | None = None  # of its page in the storefront
    further_images: tuple[str, ...] = ()  # that follow the first one, in this order

    @property
    def images(self) -> tuple[str, ...]:
        return self.image, *self.further_images


class Source(Protocol):
    """The rows of an archive of one layout, in a fixed order."""

    layout: ClassVar[str]  # for people, in a few words
    has_prices: ClassVar[bool]
    archive: Archive

    @property
    def notes(self) -> Sequence[str]:
        """Return what was assumed and left out, once the rows were read."""

    @classmethod
    def find(cls, archive: Archive) -> Self | None:
        """Return the source if the archive has its layout, else None. Raises ImportFailed if it cannot be read."""

    def __len__(self) -> int:
        """Count the rows, bad ones included."""

    def __iter__(self) -> Iterator[Row | Problem]: ...
