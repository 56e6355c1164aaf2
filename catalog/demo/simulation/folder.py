"""Simulated shoppers over the products of a source, as a folder that `python -m ml compare recommend` reads."""

import csv
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from catalog import images
from catalog.demo.simulation.labels import labels_of
from catalog.demo.simulation.looks import looks, standardised
from catalog.demo.simulation.population import MANY, Population
from catalog.demo.simulation.shoppers import Simulation, simulate
from catalog.errors import ImportFailed, UnreadableImage
from catalog.importers.archive import Archive
from catalog.importers.detect import open_source
from catalog.importers.progress import with_progress
from catalog.importers.rows import Problem, Row

WANTED = {"click", "like", "cart", "purchase"}  # kinds that say that a product was taken; the last of them is written


@dataclass(frozen=True)
class Item:
    row: Row
    looks: np.ndarray  # (6,)

    @property
    def labels(self) -> dict[str, str]:
        return labels_of(self.row.title, self.row.category, self.row.attributes)


def write_folder(
    source: Path,
    folder: Path,
    population: Population = MANY,
    seed: int = 0,
    limit: int | None = None,
    progress: bool = False,
    on_problem: Callable[[Problem], None] = print,
) -> Simulation:
    """interactions.csv, items.csv, images/SKU.EXT and truth.npz (`Simulation.factors`, which no recommender may read).

    The folder appears when it is complete. Raises ImportFailed for a source that cannot be read or has fewer than two
    products with a picture, and for a folder that is there already.
    """
    if folder.exists():
        raise ImportFailed(f"{folder} is there already: name a new folder, or remove it")
    aside = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(aside, ignore_errors=True)  # what a killed run may have left
    try:
        (aside / "images").mkdir(parents=True)
        items = _items(source, aside / "images", limit, progress, on_problem)
        if len(items) < 2:
            raise ImportFailed(f"{source}: {len(items)} products with a picture; it takes at least 2")
        shown = standardised(np.stack([item.looks for item in items]))
        world = simulate([item.labels for item in items], population, seed, looks=shown)
        _write(aside, items, world)
        aside.rename(folder)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return world


def _items(
    source: Path, images: Path, limit: int | None, progress: bool, on_problem: Callable[[Problem], None]
) -> list[Item]:
    """The products whose picture can be read, each once; the pictures are copied as they are."""
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
                    items[entry.sku] = Item(entry, _copied(entry, rows.archive, images))
                    continue
            except UnreadableImage as error:
                entry = Problem(entry.place, str(error))
            on_problem(entry)
    return list(items.values())


def _copied(row: Row, archive: Archive, folder: Path) -> np.ndarray:
    """(6,) looks of the row's picture, which now lies in `folder` under the row's SKU. Raises UnreadablePicture."""
    if Path(row.sku).name != row.sku:
        raise UnreadableImage(f"SKU {row.sku!r} cannot be a file's name")
    data = archive.read_image_file(row.image)
    image = images.to_upright_rgb(images.decode(data))
    (folder / f"{row.sku}{Path(row.image).suffix.lower()}").write_bytes(data)
    return looks(image)


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
