"""Pictures sorted into a folder per class: CLASS/NAME.jpg, or train/CLASS/NAME.jpg beside validation/CLASS/..."""

from collections import Counter
from pathlib import PurePosixPath
from typing import Self

from catalog.importers.archive import Archive
from catalog.importers.folders import PictureFolders
from catalog.importers.rows import Row

SPLITS = {"train", "training", "val", "valid", "validation", "test"}


class ClassFolders(PictureFolders):
    layout = "CLASS/NAME.jpg or train/CLASS/NAME.jpg, a folder per class"

    def __init__(self, archive: Archive, images: list[str]):
        super().__init__(archive, images)
        self.times = Counter(sku(name) for name in images)

    @classmethod
    def find(cls, archive: Archive) -> Self | None:
        found = super().find(archive)
        # One folder and a CSV are a table with its pictures, even if the table lacks a column.
        has_table = any(name.lower().endswith(".csv") for name in archive.names)
        return found if found and (not has_table or len({label(name) for name in found.images}) > 1) else None

    @staticmethod
    def is_product(parts: list[str]) -> bool:
        return len(parts) == 2 and parts[0] not in SPLITS or len(parts) == 3 and parts[0] in SPLITS

    def row(self, image: str) -> Row:
        own = sku(image)
        if self.times[own] > 1:  # many sets number the pictures of each class from 1
            own = f"{'-'.join(label(image).split())}-{own}"
        title = f"{label(image).capitalize()} {PurePosixPath(image).stem}"
        return Row(place=image, sku=own, title=title, category=label(image), image=image)


def label(image: str) -> str:
    return image.split("/")[-2]


def sku(image: str) -> str:
    return "-".join(PurePosixPath(image).stem.split())  # a SKU has no spaces
