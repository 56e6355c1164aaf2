"""The public "Fashion Product Images" set, in either size: styles.csv beside images/ID.jpg."""

from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath
from typing import ClassVar, Self

from catalog.errors import ImportFailed
from catalog.importers.archive import Archive
from catalog.importers.csv_file import CsvFile
from catalog.importers.rows import Problem, Row

TABLE = "styles.csv"


class FashionProducts:
    """Products with labels first, in the table's order, then the images that no line of it names."""

    layout: ClassVar[str] = "styles.csv beside images/ID.jpg"
    has_prices: ClassVar[bool] = False

    def __init__(self, archive: Archive) -> None:
        self.archive = archive
        # Names are full of commas, and not all of them are quoted.
        self.table = CsvFile(archive, TABLE, overflow="productDisplayName")
        self.table.require(["id", "articleType", "productDisplayName"])
        self.images = {PurePosixPath(name).stem: name for name in archive.images if name.startswith("images/")}
        if not self.images:
            raise ImportFailed(f"{archive.label} has {TABLE} and no picture in images/")
        records = [record for record in self.table if not isinstance(record, Problem)]
        self.labelled = {fields["id"] for _, fields in records}
        self.count = len(self.table) + len(self.images.keys() - self.labelled)

    @property
    def notes(self) -> Sequence[str]:
        return self.table.notes

    @classmethod
    def find(cls, archive: Archive) -> Self | None:
        return cls(archive) if TABLE in archive.names else None

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[Row | Problem]:
        for record in self.table:
            yield record if isinstance(record, Problem) else self._labelled(*record)
        for sku, name in self.images.items():
            if sku not in self.labelled:
                yield Row(place=name, sku=sku, title=f"Product {sku}", category="Unsorted", image=name)

    def _labelled(self, place: str, fields: dict[str, str]) -> Row:
        sku, title = fields.pop("id"), fields.pop("productDisplayName")
        return Row(
            place=place,
            sku=sku,
            title=title or f"Product {sku}",
            category=fields["articleType"] or "Unsorted",
            image=self.images.get(sku, f"images/{sku}.jpg"),
            attributes=fields,
        )
