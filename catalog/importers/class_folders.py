"""Pictures sorted into a folder per class: CLASS/NAME.jpg, or train/CLASS/NAME.jpg beside validation/CLASS/..."""

from collections import Counter
from collections.abc import Iterator
from pathlib import PurePosixPath

from catalog.importers.archive import Archive
from catalog.importers.rows import Problem, Row

SPLITS = {"train", "training", "val", "valid", "validation", "test"}


class ClassFolders:
    layout = "CLASS/NAME.jpg or train/CLASS/NAME.jpg, a folder per class"
    has_prices = False

    def __init__(self, archive: Archive, images: list[str]):
        self.archive = archive
        self.images = images
        self.times = Counter(sku(name) for name in images)

    @classmethod
    def find(cls, archive: Archive) -> "ClassFolders | None":
        images = [name for name in archive.pictures if is_classed(name.split("/"))]
        classes = {label(name) for name in images}
        # One folder and a CSV are a table with its pictures, even if the table lacks a column.
        has_table = any(name.lower().endswith(".csv") for name in archive.names)
        return cls(archive, images) if len(classes) > 1 or (classes and not has_table) else None

    def __len__(self) -> int:
        return len(self.images)

    def __iter__(self) -> Iterator[Row | Problem]:
        for name in self.images:
            own = sku(name)
            if self.times[own] > 1:  # many sets number the pictures of each class from 1
                own = f"{'-'.join(label(name).split())}-{own}"
            yield Row(
                place=name,
                sku=own,
                title=f"{label(name).capitalize()} {PurePosixPath(name).stem}",
                category=label(name),
                image=name,
            )


def is_classed(parts: list[str]) -> bool:
    return len(parts) == 2 and parts[0] not in SPLITS or len(parts) == 3 and parts[0] in SPLITS


def label(name: str) -> str:
    return name.split("/")[-2]


def sku(name: str) -> str:
    return "-".join(PurePosixPath(name).stem.split())  # a SKU has no spaces
