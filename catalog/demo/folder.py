"""The demo catalogue as a folder, which the shop's importers and `ml` read."""

import csv
import json
import os
import shutil
import signal
import sys
from collections.abc import Sequence
from multiprocessing import Process, connection
from pathlib import Path
from weakref import finalize

from catalog.demo.drawing import draw
from catalog.demo.plan import DrawnProduct, plan_catalog
from catalog.demo.simulation import Population, Simulation, simulate

FORMAT = 2  # raised whenever the same parameters give other bytes, so that an old folder is replaced
NICENESS = 5  # of the processes that draw: whoever waits for something else meanwhile goes first


def write_catalog(
    folder: Path, products: int = 1200, shoppers: int = 300, seed: int = 0, progress: bool = False
) -> None:
    """Write products.csv, images/SKU.jpg, interactions.csv and truth.json into `folder`.

    The folder appears when it is complete; a complete one with the same parameters is left alone, one with
    others is replaced. Raises FileExistsError when `folder` holds something that is not a demo catalogue.
    """
    CatalogWriter(folder, products, shoppers, seed).finish(progress)


class CatalogWriter:
    """A catalogue whose images are drawn by processes of their own, until `finish`; see `write_catalog`."""

    def __init__(self, folder: Path, products: int = 1200, shoppers: int = 300, seed: int = 0) -> None:
        """Start to draw, unless the folder is complete."""
        self.folder, self.seed = folder, seed
        self.parameters = {"format": FORMAT, "products": products, "shoppers": shoppers, "seed": seed}
        self.is_complete = folder.exists() and _parameters(folder) == self.parameters
        if self.is_complete:
            return
        self.planned = plan_catalog(products, seed)
        self.aside = folder.with_name(f".{folder.name}.part")
        shutil.rmtree(self.aside, ignore_errors=True)  # left by a run that was killed
        (self.aside / "images").mkdir(parents=True)
        self.remove = finalize(self, shutil.rmtree, self.aside, ignore_errors=True)  # also where nobody finishes it
        # Without a queue: after a kill -9 of this process, its workers would wait for it for ever. What this process
        # does meanwhile is to wait: numpy's random choice swallows a Ctrl-C.
        count = os.cpu_count() or 1
        shares = [(self.aside / "images", self.planned[n::count], seed, os.getpid()) for n in range(count)]
        self.workers = [Process(target=_write_tables, args=(self.aside, self.planned, self.parameters), daemon=True)]
        self.workers += [Process(target=_write_share, args=share, daemon=True) for share in shares]
        for worker in self.workers:
            worker.start()

    def finish(self, progress: bool = False) -> None:
        """Wait for the images and tables. An error or Ctrl-C leaves nothing."""
        if self.is_complete:
            return
        try:
            self._await_workers(progress)
            if self.folder.exists():
                shutil.rmtree(self.folder)
            self.aside.rename(self.folder)
        finally:
            for worker in self.workers:
                worker.terminate()
                worker.join()
            self.remove()

    def _await_workers(self, progress: bool) -> None:
        while alive := [worker.sentinel for worker in self.workers if worker.is_alive()]:
            connection.wait(alive, timeout=0.5)
            if progress:
                drawn = sum(1 for _ in (self.aside / "images").iterdir())
                print(f"\rdrawing products: {drawn}/{len(self.planned)}", end="", file=sys.stderr, flush=True)
        if progress:
            print(file=sys.stderr)
        failed = [worker.exitcode for worker in self.workers if worker.exitcode]
        if failed:
            raise ChildProcessError(f"drawing into {self.aside} stopped: a worker ended with status {failed[0]}")


def _parameters(folder: Path) -> dict[str, int]:
    ground_truth = folder / "truth.json"
    if not ground_truth.is_file():
        if any(folder.iterdir()):
            raise FileExistsError(f"{folder} is not empty and holds no demo catalogue: it has no truth.json")
        return {}
    parameters: dict[str, int] = json.loads(ground_truth.read_text(encoding="utf-8"))["parameters"]
    return parameters


def _write_tables(folder: Path, planned: Sequence[DrawnProduct], parameters: dict[str, int]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches us too; the parent stops us
    seed, population = parameters["seed"], Population(shoppers=parameters["shoppers"])
    simulation = simulate([{"category": p.category, **p.attributes} for p in planned], population, seed)
    _write_products(folder / "products.csv", planned)
    _write_interactions(folder / "interactions.csv", planned, simulation, seed)
    ground_truth = {"parameters": parameters, **_ground_truth(planned, simulation)}
    (folder / "truth.json").write_text(json.dumps(ground_truth, indent=1), encoding="utf-8")


def _write_share(images: Path, planned: Sequence[DrawnProduct], seed: int, parent: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.nice(NICENESS)
    for product in planned:
        if os.getppid() != parent:
            return
        draw(product, seed).save(images / f"{product.sku}.jpg", quality=90)


def _write_products(file: Path, planned: Sequence[DrawnProduct]) -> None:
    names = list(dict.fromkeys(name for product in planned for name in product.attributes))
    with file.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(["sku", "title", "category", "price", "image", *names])
        for product in planned:
            values = [product.attributes.get(name, "") for name in names]
            image = f"images/{product.sku}.jpg"
            writer.writerow([product.sku, product.title, product.category, product.price, image, *values])


def _write_interactions(file: Path, planned: Sequence[DrawnProduct], simulation: Simulation, seed: int) -> None:
    with file.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(["user", "sku", "kind", "timestamp", "id"])
        for number, (shopper, item, kind, when) in enumerate(simulation.events):
            writer.writerow([shopper, planned[item].sku, kind, when.isoformat(), f"sim-{seed}-{number:06d}"])


def _ground_truth(planned: Sequence[DrawnProduct], simulation: Simulation) -> dict[str, object]:
    """Return the tastes and the appeal of products by SKU: enough to score any recommendation."""
    return {
        "cold": [planned[item].sku for item in simulation.cold],
        "appeal": {p.sku: round(float(appeal), 4) for p, appeal in zip(planned, simulation.appeal, strict=True)},
        "values": simulation.values,
        "shoppers": {
            key: {
                "favourites": simulation.favourites(shopper),
                "tastes": {
                    name: [round(float(x), 3) for x in taste[shopper]] for name, taste in simulation.tastes.items()
                },
                "cold_choices": [planned[item].sku for item in simulation.cold_choices[shopper]],
            }
            for shopper, key in enumerate(simulation.shoppers)
        },
    }
