"""UT-Zappos50K: Category/SubCategory/Brand/CID.jpg, with or without meta-data.csv."""

from pathlib import PurePosixPath
from typing import ClassVar

from catalog.importers.archive import Archive
from catalog.importers.csv_file import CsvFile
from catalog.importers.folders import ImageFolders
from catalog.importers.rows import Problem, Row

CATEGORIES = {"Boots", "Sandals", "Shoes", "Slippers"}
METADATA = "meta-data.csv"


class Zappos(ImageFolders):
    """The set comes as a zip of images and a zip of metadata, so that each may be in a folder of its own."""

    layout: ClassVar[str] = "Category/SubCategory/Brand/CID.jpg (UT-Zappos50K)"

    def __init__(self, archive: Archive, images: list[str]) -> None:
        super().__init__(archive, images)
        tables = [CsvFile(archive, name) for name in archive.names if PurePosixPath(name).name == METADATA]
        self.notes = [note for table in tables for note in table.notes]
        if not tables:
            self.notes.append(f"{METADATA} is not there: the shoes have only what their folders say")
        if others := [PurePosixPath(name).name for name in archive.names if name.lower().endswith(".mat")]:
            self.notes.append(f"{', '.join(others)}: left out; the labels of each shoe are in {METADATA}")
        for table in tables:
            table.require(["CID"])
        records = [record for table in tables for record in table]
        self.problems = [record for record in records if isinstance(record, Problem)]
        self.metadata = {record[1].pop("CID"): record[1] for record in records if not isinstance(record, Problem)}

    @staticmethod
    def is_product(parts: list[str]) -> bool:
        return len(parts) in (4, 5) and parts[-4] in CATEGORIES

    def row(self, image: str) -> Row:
        category, subcategory, brand, file = image.split("/")[-4:]
        cid = PurePosixPath(file).stem.replace(".", "-")  # 100627.72.jpg is CID 100627-72
        return Row(
            place=image,
            sku=cid,
            title=f"{brand} {subcategory}",
            category=subcategory,
            image=image,
            attributes={"Category": category, "Brand": brand} | self.metadata.get(cid, {}),
        )
