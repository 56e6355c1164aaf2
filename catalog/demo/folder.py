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

from catalog.demo.drawing import draw
from catalog.demo.plan import DrawnProduct, plan_catalog
from catalog.demo.simulation import Population, Simulation, simulate

FORMAT = 2  # raised whenever the same parameters give other bytes, so that an old folder is replaced


def write_catalog(
    folder: Path, products: int = 1200, shoppers: int = 300, seed: int = 0, progress: bool = False
) -> None:
    """Write products.csv, images/SKU.jpg, interactions.csv and truth.json into `folder`.

    The folder appears when it is complete; a complete one with the same parameters is left alone, one with
    others is replaced. Raises FileExistsError when `folder` holds something that is not a demo catalogue.
    """
    parameters = {"format": FORMAT, "products": products, "shoppers": shoppers, "seed": seed}
    if folder.exists() and _parameters(folder) == parameters:
        return
    planned = plan_catalog(products, seed)
    simulation = simulate(
        [{"category": p.category, **p.attributes} for p in planned], Population(shoppers=shoppers), seed
    )

    aside = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(aside, ignore_errors=True)  # left by a run that was killed
    try:
        (aside / "images").mkdir(parents=True)
        _write_images(aside / "images", planned, seed, progress)
        _write_products(aside / "products.csv", planned)
        _write_interactions(aside / "interactions.csv", planned, simulation, seed)
        ground_truth = {"parameters": parameters, **_ground_truth(planned, simulation)}
        (aside / "truth.json").write_text(json.dumps(ground_truth, indent=1), encoding="utf-8")
        if folder.exists():
            shutil.rmtree(folder)
        aside.rename(folder)
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _parameters(folder: Path) -> dict[str, int]:
    ground_truth = folder / "truth.json"
    if not ground_truth.is_file():
        if any(folder.iterdir()):
            raise FileExistsError(f"{folder} is not empty and holds no demo catalogue: it has no truth.json")
        return {}
    parameters: dict[str, int] = json.loads(ground_truth.read_text(encoding="utf-8"))["parameters"]
    return parameters


def _write_images(images: Path, planned: Sequence[DrawnProduct], seed: int, progress: bool) -> None:
    """Draw the images of the planned products into a folder, with one process for each processor."""
    # Without a queue: after a kill -9 of this process, its workers would wait for it for ever.
    count = os.cpu_count() or 1
    workers = [
        Process(target=_write_share, args=(images, planned[n::count], seed, os.getpid()), daemon=True)
        for n in range(count)
    ]
    for worker in workers:
        worker.start()
    try:
        while alive := [worker.sentinel for worker in workers if worker.is_alive()]:
            connection.wait(alive, timeout=0.5)
            if progress:
                drawn = sum(1 for _ in images.iterdir())
                print(f"\rdrawing products: {drawn}/{len(planned)}", end="", file=sys.stderr, flush=True)
    finally:
        for worker in workers:
            worker.terminate()
            worker.join()
        if progress:
            print(file=sys.stderr)
    failed = [worker.exitcode for worker in workers if worker.exitcode]
    if failed:
        raise ChildProcessError(f"drawing into {images} stopped: a worker ended with status {failed[0]}")


def _write_share(images: Path, planned: Sequence[DrawnProduct], seed: int, parent: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches us too; the parent stops us
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
