"""Images sorted into a folder per class: CLASS/NAME.jpg, or train/CLASS/NAME.jpg beside validation/CLASS/..."""

from collections import Counter
from pathlib import PurePosixPath
from typing import ClassVar, Self

from catalog.importers.archive import Archive
from catalog.importers.folders import ImageFolders
from catalog.importers.rows import Row

SPLITS = {"train", "training", "val", "valid", "validation", "test"}


class ClassFolders(ImageFolders):
    layout: ClassVar[str] = "CLASS/NAME.jpg or train/CLASS/NAME.jpg, a folder per class"

    def __init__(self, archive: Archive, images: list[str]) -> None:
        super().__init__(archive, images)
        self.counts = Counter(sku_of(name) for name in images)

    @classmethod
    def find(cls, archive: Archive) -> Self | None:
        found = super().find(archive)
        # One folder and a CSV are a table with its images, even if the table lacks a column.
        has_table = any(name.lower().endswith(".csv") for name in archive.names)
        return found if found and (not has_table or len({class_of(name) for name in found.images}) > 1) else None

    @staticmethod
    def is_product(parts: list[str]) -> bool:
        return len(parts) == 2 and parts[0] not in SPLITS or len(parts) == 3 and parts[0] in SPLITS

    def row(self, image: str) -> Row:
        sku = sku_of(image)
        if self.counts[sku] > 1:  # many sets number the images of each class from 1
            sku = f"{'-'.join(class_of(image).split())}-{sku}"
        title = f"{class_of(image).capitalize()} {PurePosixPath(image).stem}"
        return Row(place=image, sku=sku, title=title, category=class_of(image), image=image)


def class_of(image: str) -> str:
    return image.split("/")[-2]


def sku_of(image: str) -> str:
    return "-".join(PurePosixPath(image).stem.split())  # a SKU has no spaces
