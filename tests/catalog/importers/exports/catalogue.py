"""A small catalogue of which exports are made, and what must come out of them again."""

import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import IO

from catalog.importers.archive import Archive
from catalog.importers.rows import Row


@dataclass(frozen=True)
class Item:
    """A product of a shop."""

    sku: str
    title: str
    path: tuple[str, ...]  # of its category
    price: Decimal
    stock: int
    colour: str
    images: tuple[str, ...]
    sizes: tuple[str, ...] = ()
    is_hidden: bool = False


@dataclass(frozen=True)
class Expected:
    """What an import must read of an item; None where the export does not say it."""

    sku: str
    title: str
    category: str
    images: tuple[str, ...]
    price: Decimal | None = None
    currency: str | None = None
    in_stock: bool | None = None
    is_hidden: bool | None = None
    url: str | None = None
    attributes: Mapping[str, str] = field(default_factory=dict)  # among others


ITEMS = (
    Item("TR-1", "Red trainer", ("Shoes", "Trainers"), Decimal("59.95"), 3, "red", ("a.jpg", "b.jpg"), ("40", "41")),
    Item("00042", 'Café au lait, 5" wide; “Größe” M|L', ("Bags",), Decimal("1299.95"), 0, "brun foncé", ("c.jpg",)),
    Item("x_9.b", "Niño's hat", ("Hats", "Kids"), Decimal("0.99"), 12, "blue", ("d.jpg",), is_hidden=True),
    Item("TR-2", "Blue trainer", ("Shoes", "Trainers"), Decimal("12000.00"), 1, "blue", ("b.jpg",), ("38", "39", "40")),
    Item("9", "Scarf", ("Scarves",), Decimal("7.50"), 100, "white", ("e.jpg", "a.jpg", "c.jpg")),
)
FAR = Item("Ł-5", "Łódź 絹 scarf", ("Szaliki",), Decimal("15.00"), 5, "żółty", ("d.jpg",))  # not in Windows-1252
IMAGES = ("a.jpg", "b.jpg", "c.jpg", "d.jpg", "e.jpg")


class Memory(Archive):
    """An archive of files in memory."""

    label = "memory"

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self.files = files

    @property
    def names(self) -> list[str]:
        return sorted(self.files)

    def open(self, name: str) -> IO[bytes]:
        if name not in self.files:
            raise FileNotFoundError(name)
        return io.BytesIO(self.files[name])

    def size(self, name: str) -> int:
        return len(self.files.get(name, b""))

    def subfolder(self, folder: str) -> "Memory":
        return Memory(
            {name.split("/", 1)[1]: data for name, data in self.files.items() if name.startswith(f"{folder}/")}
        )


def differences(row: Row, expected: Expected) -> dict[str, object]:
    """Return what a row has of which an item's export says otherwise."""
    found = {
        name: (getattr(row, name), wanted)
        for name, wanted in vars(expected).items()
        if name not in ("price", "attributes") and getattr(row, name) != wanted
    }
    if (row.price is None) != (expected.price is None) or row.price and Decimal(row.price) != expected.price:
        found["price"] = (row.price, expected.price)
    wrong = {
        name: row.attributes.get(name) for name, text in expected.attributes.items() if row.attributes.get(name) != text
    }
    return found | ({"attributes": (wrong, expected.attributes)} if wrong else {})
