"""UT-Zappos50K: Category/SubCategory/Brand/CID.jpg, with or without meta-data.csv."""

from collections.abc import Iterator
from pathlib import PurePosixPath

from catalog.importers.archive import Archive
from catalog.importers.csv_file import CsvFile
from catalog.importers.rows import Problem, Row

CATEGORIES = {"Boots", "Sandals", "Shoes", "Slippers"}
METADATA = "meta-data.csv"


class Zappos:
    """Pictures and metadata come in a zip each, so both may also lie in folders of their own."""

    layout = "Category/SubCategory/Brand/CID.jpg (UT-Zappos50K)"
    has_prices = False

    def __init__(self, archive: Archive, images: list[str]):
        self.archive = archive
        self.images = images
        tables = [CsvFile(archive, name) for name in archive.names if PurePosixPath(name).name == METADATA]
        for table in tables:
            table.require(["CID"])
        records = [record for table in tables for record in table]
        self.problems = [record for record in records if isinstance(record, Problem)]
        self.metadata = {record[1].pop("CID"): record[1] for record in records if not isinstance(record, Problem)}

    @classmethod
    def find(cls, archive: Archive) -> "Zappos | None":
        images = [name for name in archive.pictures if is_shoe(name.split("/"))]
        return cls(archive, images) if images else None

    def __len__(self) -> int:
        return len(self.problems) + len(self.images)

    def __iter__(self) -> Iterator[Row | Problem]:
        yield from self.problems
        for name in self.images:
            category, subcategory, brand, file = name.split("/")[-4:]
            cid = PurePosixPath(file).stem.replace(".", "-")  # 100627.72.jpg is CID 100627-72
            yield Row(
                place=name,
                sku=cid,
                title=f"{brand} {subcategory}",
                category=subcategory,
                image=name,
                attributes={"Category": category, "Brand": brand} | self.metadata.get(cid, {}),
            )


def is_shoe(parts: list[str]) -> bool:
    return len(parts) in (4, 5) and parts[-4] in CATEGORIES
