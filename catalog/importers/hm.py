"""The public set of H&M: articles.csv beside images/010/0108775015.jpg."""

from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath
from typing import ClassVar, Self

from catalog.importers.archive import Archive
from catalog.importers.csv_file import CsvFile
from catalog.importers.rows import Problem, Row

TABLE = "articles.csv"


class Hm:
    """Articles in the table's order. Their prices are in the transactions, and scaled: none is taken."""

    layout: ClassVar[str] = "articles.csv beside images/ABC/ID.jpg (H&M)"
    has_prices: ClassVar[bool] = False

    def __init__(self, archive: Archive) -> None:
        self.archive = archive
        self.table = CsvFile(archive, TABLE)
        self.table.require(["article_id", "prod_name", "product_type_name"])
        self.images = {PurePosixPath(name).stem: name for name in archive.images if name.startswith("images/")}

    @property
    def notes(self) -> Sequence[str]:
        return self.table.notes

    @classmethod
    def find(cls, archive: Archive) -> Self | None:
        return cls(archive) if TABLE in archive.names else None

    def __len__(self) -> int:
        return len(self.table)

    def __iter__(self) -> Iterator[Row | Problem]:
        for record in self.table:
            yield record if isinstance(record, Problem) else self._row(*record)

    def _row(self, place: str, fields: dict[str, str]) -> Row:
        sku = fields.pop("article_id")
        image = self.images.get(sku, f"images/{sku[:3]}/{sku}.jpg")
        title, category = fields.pop("prod_name"), fields.pop("product_type_name")
        return Row(place=place, sku=sku, title=title, category=category, image=image, attributes=fields)
