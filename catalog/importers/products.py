"""Import of products from any source whose layout is known."""

import os
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TypeVar

from catalog.errors import BadRow, FetchRefused, UnreadableImage
from catalog.fetching import check_target
from catalog.galleries import NamedImage, RemoteFile, StoredFile
from catalog.images import file_hash, read_image
from catalog.importers import retirement
from catalog.importers.archive import Archive
from catalog.importers.detect import open_source
from catalog.importers.image_names import is_url
from catalog.importers.progress import with_progress
from catalog.importers.reports import Follow, OnProblem, ProductReport
from catalog.importers.retirement import Named
from catalog.importers.rows import Problem, Row
from catalog.importers.wording import counted
from catalog.importers.writer import CheckedRow, check_row, write
from catalog.models import Product

T = TypeVar("T")

BATCH_ROWS = 2000
BATCH_BYTES = 16_000_000  # of image files: held in memory, and decoded while the products are locked
DECODERS = min(os.cpu_count() or 1, 4)


def import_products(
    source: Path,
    *,
    limit: int | None = None,
    dry_run: bool = False,
    progress: bool = False,
    columns: Mapping[str, str] | None = None,
    retire: bool = False,
    most_retired: float = retirement.MOST,
    on_problem: OnProblem | None = None,
    so_far: ProductReport | None = None,
    follow: Follow | None = None,
) -> ProductReport:
    """Create or update the products in `source`, found by SKU; products that it does not name stay as they are.

    limit: only the first products, this many. progress: show a bar on stderr. columns: what columns of a table are
    taken for, where they are not to be recognised. retire: hide the products that the source does not name.
    most_retired: the share, 0 to 1, of the shop's products beyond which none is hidden.
    on_problem: called with each problem as it occurs. follow: called after each batch; what it raises ends the import.
    Every batch is a transaction of its own, so that an import that is interrupted loses one batch at most. so_far: the
    report of one that was, of the same source, when `follow` was last called: the import goes on behind it.
    Raises ImportFailed for a source that cannot be read at all.
    """
    report, read = so_far or ProductReport(), 0
    with (
        open_source(source, columns) as rows,
        ThreadPoolExecutor(DECODERS) as pool,  # Pillow decodes without holding the interpreter's lock
        with_progress(rows, source, "products", limit=limit, shown=progress) as (entries, bar),
    ):
        named = Named() if retire or Product.objects.exclude(retired_at=None).exists() else None
        for batch in read_ahead(split_batches(check_rows(entries, named), rows.archive)):
            read += len(batch)
            bar.update(len(batch))
            if read <= report.read:
                continue
            problems = [entry for entry in batch if isinstance(entry, Problem)]
            items = [entry for entry in batch if isinstance(entry, CheckedRow)]
            written = write(items, partial(read_images, pool, rows.archive), dry_run=dry_run)
            report.created += written.created
            report.updated += written.updated
            report.unchanged += written.unchanged
            report.awaited += written.awaited
            for problem in problems + written.problems:
                report.add_problem(problem, on_problem)
            report.read = read
            if follow:
                follow(report, int(bar.total or 0))
        report.notes += [*rows.archive.notes, *rows.notes]
        report.has_generated_prices = report.created > 0 and not rows.has_prices
    if named and not retire:
        if back := retirement.show_again(named, dry_run=dry_run):
            had_left = "product that had left its feed is", "products that had left their feed are"
            report.notes.append(f"{counted(back, *had_left)} shown again")
    elif named:
        report.retirement = retirement.retire(named, dry_run=dry_run, most=most_retired)
        report.notes.append(str(report.retirement))
    if not dry_run:
        report.announce("products", source)
    return report


def read_ahead(batches: Iterator[T]) -> Iterator[T]:
    """Yield the batches; while the database writes one, a thread reads the next."""
    with ThreadPoolExecutor(1) as reader:
        following = reader.submit(next, batches, None)
        while (batch := following.result()) is not None:
            following = reader.submit(next, batches, None)
            yield batch


def check_rows(entries: Iterable[Row | Problem], named: Named | None = None) -> Iterator[CheckedRow | Problem]:
    """Yield the rows that pass the check, and a Problem for each that does not or repeats an earlier SKU.

    named: gets the SKUs of all of them.
    """
    places: dict[str, str] = {}
    for entry in entries:
        if named:
            note_named(entry, named)
        if isinstance(entry, Problem):
            yield entry
            continue
        try:
            item = check_row(entry)
        except BadRow as error:
            yield Problem(entry.place, str(error), entry.sku)
            continue
        first = places.setdefault(entry.sku, entry.place)
        yield (
            item if first == entry.place else Problem(entry.place, f"SKU {entry.sku}: duplicate of {first}", entry.sku)
        )


def note_named(entry: Row | Problem, named: Named) -> None:
    """Add the SKU of a row that an import reads, or count that it has none."""
    if entry.sku:
        named.skus.add(entry.sku)
    else:
        named.unknown += 1
    if isinstance(entry, Row) and not entry.is_hidden:
        named.shown.add(entry.sku)


def split_batches(entries: Iterable[CheckedRow | Problem], archive: Archive) -> Iterator[list[CheckedRow | Problem]]:
    batch: list[CheckedRow | Problem] = []
    size = 0
    for entry in entries:
        batch.append(entry)
        if isinstance(entry, CheckedRow):
            size += sum(archive.size(name) for name in entry.row.images if not is_url(name))
        if len(batch) == BATCH_ROWS or size > BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def read_images(
    pool: Executor, archive: Archive, batch: Sequence[CheckedRow], hashes: Mapping[str, Collection[str]]
) -> list[dict[str, NamedImage]]:
    """Read the images of a batch in parallel: see writer.ReadImages."""

    def read(item: CheckedRow) -> dict[str, NamedImage]:
        known = hashes.get(item.row.sku, ())
        return {name: read_named(archive, name, known, item.row.place) for name in item.row.images}

    has_files = any(not is_url(name) for item in batch for name in item.row.images)
    return list((pool.map if has_files else map)(read, batch))


def read_named(archive: Archive, name: str, known: Collection[str], place: str) -> NamedImage:
    """Read an image of a row, unless its file is one of those whose hashes are known, or is to be fetched."""
    try:
        if is_url(name):
            check_target(name)
            return RemoteFile(name)
        data = archive.read_image_file(name)
        digest = file_hash(data)
        return StoredFile(digest) if digest in known else read_image(data)
    except FetchRefused as error:
        return UnreadableImage(f"image: the URL {name} is not fetched: {error}")
    except UnreadableImage as error:
        return error if name == place else UnreadableImage(f"{name}: {error}")
