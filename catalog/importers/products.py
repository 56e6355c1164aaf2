"""Products out of any source that is understood."""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from functools import partial
from pathlib import Path

from catalog.errors import BadRow, UnreadableImage
from catalog.images import DecodedImage, file_hash, read_image
from catalog.importers.archive import Archive
from catalog.importers.detect import open_source
from catalog.importers.progress import counted
from catalog.importers.reports import OnProblem, Report
from catalog.importers.rows import Problem, Row
from catalog.importers.writer import Item, checked, write

BATCH_ROWS = 500
BATCH_BYTES = 64_000_000  # of picture files: what a batch holds in memory
DECODERS = min(os.cpu_count() or 1, 4)  # a picture of MAX_IMAGE_PIXELS takes about 0.5 GB while it is decoded


def import_products(
    source: Path,
    *,
    limit: int | None = None,
    dry_run: bool = False,
    progress: bool = False,
    on_problem: OnProblem | None = None,
) -> Report:
    """Bring the shop's products up to what `source` tells, by SKU; products that it does not name stay as they are.

    limit: only this many of its first products. progress: a bar on stderr. on_problem: called with each as it is met.
    Every batch is committed by itself, so that whatever ends the import loses that batch at most.
    Raises ImportFailed for a source that cannot be read at all.
    """
    report = Report()
    with (
        open_source(source) as rows,
        ThreadPoolExecutor(DECODERS) as pool,  # Pillow decodes without holding the interpreter's lock
        counted(rows, source, "products", limit=limit, shown=progress) as (entries, bar),
    ):
        for batch in batches(checked_once(entries), rows.archive):
            problems = [entry for entry in batch if isinstance(entry, Problem)]
            items = [entry for entry in batch if isinstance(entry, Item)]
            written = write(items, partial(read_pictures, pool, rows.archive), dry_run=dry_run)
            report.created += written.created
            report.updated += written.updated
            report.unchanged += written.unchanged
            for problem in problems + written.problems:
                report.pass_over(problem, on_problem)
            bar.update(len(batch))
        report.made_up_prices = report.created > 0 and not rows.has_prices
    return report


def checked_once(entries: Iterable[Row | Problem]) -> Iterator[Item | Problem]:
    """The rows that the shop would take; of those with the same SKU the first."""
    places = {}
    for entry in entries:
        if isinstance(entry, Problem):
            yield entry
            continue
        try:
            item = checked(entry)
        except BadRow as error:
            yield Problem(entry.place, str(error))
            continue
        first = places.setdefault(entry.sku, entry.place)
        yield item if first == entry.place else Problem(entry.place, f"SKU {entry.sku}: duplicate of {first}")


def batches(entries: Iterable[Item | Problem], archive: Archive) -> Iterator[list[Item | Problem]]:
    batch, size = [], 0
    for entry in entries:
        batch.append(entry)
        if isinstance(entry, Item):
            size += archive.size(entry.row.image)
        if len(batch) == BATCH_ROWS or size > BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def read_pictures(
    pool: Executor, archive: Archive, batch: Sequence[Item], hashes: Mapping[str, str]
) -> list[DecodedImage | UnreadableImage | None]:
    """For writer.ReadPictures, several at a time."""

    def read(item: Item) -> DecodedImage | UnreadableImage | None:
        name = item.row.image
        try:
            data = archive.read_image_file(name)
            return None if file_hash(data) == hashes.get(item.row.sku) else read_image(data)
        except UnreadableImage as error:
            return error if name == item.row.place else UnreadableImage(f"{name}: {error}")

    return list(pool.map(read, batch))
