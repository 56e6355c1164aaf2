"""Exports of products and interactions as CSV or JSON lines, which the importers take, in bounded memory.

A zip has the images as well: imported again, it changes nothing.
"""

import csv
import json
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TypeAlias

from django.core.files.storage import default_storage
from django.db.models import Max, QuerySet

from catalog.errors import ExportFailed
from catalog.importers.formulas import guard
from catalog.importers.values import text_of
from catalog.models import Interaction, Product, ProductImage
from catalog.rows import Sql, fetch

Record: TypeAlias = Mapping[str, object]
FORMATS = ("csv", "jsonl", "zip")
CHUNK = 1000  # rows in memory
PRODUCT = ("sku", "title", "category", "price", "currency", "in_stock", "is_hidden", "url")
EVENT = ("user", "session", "sku", "kind", "timestamp", "id", "is_verified")
NAMES = "SELECT DISTINCT jsonb_object_keys(attributes) FROM catalog_product WHERE jsonb_typeof(attributes) = 'object'"


def product_columns() -> list[str]:
    """Return the columns of all products: those of each, of the images of the one that has most, of attributes."""
    most = ProductImage.objects.aggregate(last=Max("position"))["last"] or 0
    attributes = sorted(name for (name,) in fetch(Sql(NAMES)))
    own = [*PRODUCT, "image", *(f"image_{number}" for number in range(2, most + 2))]
    return own + [name for name in attributes if name.lower() not in own]  # what is left out, an import keeps


def product_records(products: QuerySet[Product]) -> Iterator[Record]:
    """Yield the products, by their ids."""
    rows = products.select_related("category").prefetch_related("images").order_by("pk")
    for product in rows.iterator(chunk_size=CHUNK):
        images = [image.file.name for image in product.images.all()]
        yield {
            **(product.attributes if isinstance(product.attributes, dict) else {}),
            "sku": product.sku,
            "title": product.title,
            "category": product.category.name,
            "price": f"{product.price:.2f}",
            "currency": product.currency,
            "in_stock": "yes" if product.in_stock else "no",
            "is_hidden": "yes" if product.is_hidden else "no",
            "url": product.url,
            **{f"image_{number}" if number > 1 else "image": name for number, name in enumerate(images, 1)},
        }


def event_records(interactions: QuerySet[Interaction]) -> Iterator[Record]:
    """Yield the interactions in the order in which they were recorded."""
    rows = interactions.select_related("shopper", "product").order_by("pk")
    for event in rows.iterator(chunk_size=CHUNK):
        yield {
            "user": event.shopper.key if event.shopper else "",
            "session": event.session,
            "sku": event.product.sku,
            "kind": event.kind,
            "timestamp": event.occurred_at.isoformat(),
            "id": event.exported_id,
            "is_verified": "yes" if event.is_verified else "no",
        }


def csv_lines(columns: list[str], records: Iterable[Record]) -> Iterator[str]:
    """Yield the lines of a CSV, without formulas; a value that a record lacks is empty."""
    line: list[str] = []
    writer = csv.writer(Lines(line.append), lineterminator="\n")
    writer.writerow(map(guard, columns))
    yield line.pop()
    for record in records:
        writer.writerow([guard(text_of(record.get(column))) for column in columns])
        yield line.pop()


def json_lines(records: Iterable[Record]) -> Iterator[str]:
    for record in records:
        yield json.dumps(record, ensure_ascii=False) + "\n"


class Lines:
    """File that hands on what is written to it."""

    def __init__(self, write: Callable[[str], None]) -> None:
        self.write = write


def export_products(target: Path, products: QuerySet[Product]) -> int:
    """Write products to a .csv, .jsonl or .zip; return how many. Raises ExportFailed."""
    counted = Counted(product_records(products))
    with replaced(target, FORMATS) as file:
        if target.suffix == ".zip":
            write_zip(file, counted, ProductImage.objects.filter(product__in=products))
        else:
            write_lines(file, lines_of(target.suffix, product_columns, counted))
    return counted.number


def export_interactions(target: Path, interactions: QuerySet[Interaction]) -> int:
    """Write interactions to a .csv or .jsonl; return how many. Raises ExportFailed."""
    counted = Counted(event_records(interactions))
    with replaced(target, FORMATS[:2]) as file:
        write_lines(file, lines_of(target.suffix, lambda: list(EVENT), counted))
    return counted.number


class Counted:
    """Iterator that counts what it yields."""

    def __init__(self, records: Iterator[Record]) -> None:
        self.records, self.number = records, 0

    def __iter__(self) -> Iterator[Record]:
        for record in self.records:
            self.number += 1
            yield record


def lines_of(suffix: str, columns: Callable[[], list[str]], records: Iterable[Record]) -> Iterator[str]:
    return json_lines(records) if suffix == ".jsonl" else csv_lines(columns(), records)


def write_lines(file: IO[bytes], lines: Iterable[str]) -> None:
    for line in lines:
        file.write(line.encode())


def write_zip(file: IO[bytes], records: Iterable[Record], images: QuerySet[ProductImage]) -> None:
    """Write products.csv and the files of images, each once. One that cannot be read is left out."""
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        with archive.open("products.csv", "w", force_zip64=True) as table:
            write_lines(table, csv_lines(product_columns(), records))
        for name in images.order_by("pk").values_list("file", flat=True).iterator(chunk_size=CHUNK):
            try:
                with default_storage.open(name) as source:
                    archive.writestr(zipfile.ZipInfo(name), source.read())
            except OSError:
                continue


@contextmanager
def replaced(target: Path, formats: Iterable[str]) -> Iterator[IO[bytes]]:
    """Open a file that takes the target's place once all of it is written. Raises ExportFailed."""
    if target.suffix.removeprefix(".") not in formats:
        raise ExportFailed(f"{target}: a name that ends in {', '.join(f'.{name}' for name in formats)} is expected")
    partial = target.with_name(f"{target.name}.part")
    try:
        with partial.open("wb") as file:
            yield file
        partial.replace(target)
    except OSError as error:
        raise ExportFailed(f"{target} cannot be written: {error.strerror or error}") from error
    finally:
        partial.unlink(missing_ok=True)
