"""Simulated shoppers over the products of a source, written to a folder for `python -m ml compare recommend`."""

import csv
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from catalog import images
from catalog.demo.simulation.image_statistics import measure_image, standardize
from catalog.demo.simulation.labels import build_labels
from catalog.demo.simulation.population import MANY, Population
from catalog.demo.simulation.shoppers import Simulation, simulate
from catalog.errors import ImportFailed, UnreadableImage
from catalog.importers.archive import Archive
from catalog.importers.detect import open_source
from catalog.importers.progress import with_progress
from catalog.importers.rows import Problem, Row

WANTED = {"click", "like", "cart", "purchase"}  # kinds that count as taking a product; the last one is written


@dataclass(frozen=True)
class Item:
    row: Row
    image_statistics: np.ndarray  # (6,)

    @property
    def labels(self) -> dict[str, str]:
        return build_labels(self.row.title, self.row.category, self.row.attributes)


def write_dataset(
    source: Path,
    folder: Path,
    population: Population = MANY,
    seed: int = 0,
    limit: int | None = None,
    progress: bool = False,
    on_problem: Callable[[Problem], None] = print,
) -> Simulation:
    """Simulate shoppers, and write interactions.csv, items.csv, images/SKU.EXT and truth.npz into a new folder.

    truth.npz has `Simulation.factors`, which no recommender may read. The folder appears when it is complete.
    Raises ImportFailed for a source that cannot be read or has fewer than two products with a readable image, and for
    a folder that exists.
    """
    if folder.exists():
        raise ImportFailed(f"{folder} is there already: name a new folder, or remove it")
    aside = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(aside, ignore_errors=True)  # left by a run that was killed
    try:
        (aside / "images").mkdir(parents=True)
        items = _items(source, aside / "images", limit, progress, on_problem)
        if len(items) < 2:
            raise ImportFailed(f"{source}: {len(items)} products with a picture; it takes at least 2")
        shown = standardize(np.stack([item.image_statistics for item in items]))
        world = simulate([item.labels for item in items], population, seed, statistics=shown)
        _write(aside, items, world)
        aside.rename(folder)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return world


def _items(
    source: Path, images: Path, limit: int | None, progress: bool, on_problem: Callable[[Problem], None]
) -> list[Item]:
    """Read the products whose image can be decoded, each SKU once, and copy the image files unchanged."""
    items: dict[str, Item] = {}
    with (
        open_source(source) as rows,
        with_progress(rows, source, "products", limit=limit, shown=progress) as (entries, bar),
    ):
        for entry in entries:
            bar.update()
            try:
                if isinstance(entry, Row) and entry.sku in items:
                    entry = Problem(entry.place, f"SKU {entry.sku}: a duplicate")
                if isinstance(entry, Row):
                    items[entry.sku] = Item(entry, _copy_image(entry, rows.archive, images))
                    continue
            except UnreadableImage as error:
                entry = Problem(entry.place, str(error))
            on_problem(entry)
    return list(items.values())


def _copy_image(row: Row, archive: Archive, folder: Path) -> np.ndarray:
    """Copy a row's image into `folder`, named by its SKU; return its statistics, (6,). Raises UnreadableImage."""
    if Path(row.sku).name != row.sku:
        raise UnreadableImage(f"SKU {row.sku!r} cannot be a file's name")
    data = archive.read_image_file(row.image)
    with images.decoded(data) as image:
        measured = measure_image(images.to_upright_rgb(image))
    (folder / f"{row.sku}{Path(row.image).suffix.lower()}").write_bytes(data)
    return measured


def _write(folder: Path, items: Sequence[Item], world: Simulation) -> None:
    last = {(shopper, item): (when, kind) for shopper, item, kind, when in world.events if kind in WANTED}
    _table(
        folder / "interactions.csv",
        ["user", "item", "timestamp", "kind"],
        [[user, items[item].row.sku, when.isoformat(), kind] for (user, item), (when, kind) in last.items()],
    )
    _table(
        folder / "items.csv",
        ["item", "category", "title"],
        [[item.row.sku, item.row.category, item.row.title] for item in items],
    )
    tastes, features = world.factors()
    skus = np.array([item.row.sku for item in items])
    np.savez_compressed(
        folder / "truth.npz", users=np.array(world.shoppers), items=skus, tastes=tastes, features=features
    )


def _table(file: Path, header: list[str], rows: list[list[str]]) -> None:
    with file.open("w", encoding="utf-8", newline="") as out:
        csv.writer(out, lineterminator="\n").writerows([header, *rows])
