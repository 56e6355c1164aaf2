"""Pictures embedded by `manage.py embed` and through the queue, against the bare forward pass of the same networks.

`python -m tests.benchmarks embedding --pictures N` makes a shop of N drawn pictures with a similarity and a personal
version, each hardly trained, and measures it; no web process runs. The bare pass is of the same networks, in this
process, with as many threads, on batches of 64 that are tensors already. It runs before and after each lap, so that
other load on the machine delays both, and a ratio is its time by theirs: 1 where reading, decoding, storing and the
index cost nothing. The medians of all laps count.
"""

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import redirect_stdout
from pathlib import Path

from visrec_site.embedded import Services

LAPS = 5
IMPORTED = 1200  # pictures that are imported as products of the demo; more are drawn and added as rows
METHODS = ("visrec", "hybrid")  # that the demo serves
QUIET = ["--loglevel", "WARNING", "--without-gossip", "--without-mingle"]
WORKER = [sys.executable, "-m", "celery", "--app", "visrec_site", "--quiet", "worker", "--concurrency", "1", *QUIET]


def prepare(folder: Path, pictures: int) -> None:
    """Fill an empty shop with so many drawn pictures, and train the versions on some of them for one epoch."""
    from django.core.management import call_command

    from catalog import importers
    from catalog.demo import write_catalog
    from catalog.models import Category, Product, ProductImage

    call_command("migrate", verbosity=0)
    write_catalog(folder / "catalog")
    importers.import_products(folder / "catalog", limit=min(pictures, IMPORTED))
    importers.import_interactions(folder / "catalog" / "interactions.csv", is_simulated=True)
    for method in METHODS:
        call_command("train", method, epochs=1, activate=True, verbosity=0)
    if pictures <= IMPORTED:
        return
    write_catalog(folder / "media" / "more", products=pictures - IMPORTED, shoppers=20, seed=1, progress=True)
    files = sorted((folder / "media" / "more" / "images").iterdir())
    category = Category.objects.first()
    added = [Product(sku=f"more-{file.stem}", title=file.stem, category=category, price=1) for file in files]
    Product.objects.bulk_create(added, batch_size=5000)
    images = [
        ProductImage(product=product, file=f"more/images/{file.name}", width=160, height=160, content_hash=file.stem)
        for product, file in zip(added, files, strict=True)
    ]
    ProductImage.objects.bulk_create(images, batch_size=5000)


def measure(laps: int) -> dict:
    """Milliseconds a picture of each way, for all versions together, and the bare pass's share of them."""
    import torch
    from django.core.management import call_command

    from catalog.models import ProductImage
    from ml.data.decoding import read_image
    from recommender import broker
    from recommender.versions import queries
    from recommender.workers import embedding

    versions = list(queries.servable_versions())
    ids = list(ProductImage.objects.order_by("pk").values_list("pk", flat=True))
    # Whole batches, as the first is a small one.
    some_images = ProductImage.objects.filter(pk__in=ids[:IMPORTED])
    ready = [list(embedding.read_batches(version, some_images)) for version in versions]
    whole = [[batch for batch in batches if len(batch.images) == embedding.BATCH] for batches in ready]
    some = sum(len(batch.images) for batch in whole[0])

    cpu: dict[str, list[float]] = {"bare": [], "manage.py embed": []}

    def bare() -> float:
        began, used = time.perf_counter(), time.process_time()
        with torch.inference_mode():
            for batches in whole:
                for batch in batches:
                    embedding.compute_vectors(batch)
        cpu["bare"].append((time.process_time() - used) / some)
        return (time.perf_counter() - began) / some

    def decode() -> None:
        for batch in whole[0]:
            for image in batch.images:
                read_image(Path(image.file.path), (64, 64))

    def by_command() -> None:
        used = own_and_database_seconds()
        with redirect_stdout(sys.stderr):  # the figures go to stdout, as JSON
            call_command("embed", missing=True, verbosity=0)
        cpu["manage.py embed"].append((own_and_database_seconds() - used) / len(ids))

    def by_queue() -> None:
        broker.queue_embedding(ids)
        while any(queries.images_without_embedding(version).filter(pk=ids[-1]).exists() for version in versions):
            time.sleep(0.02)  # one worker takes the messages in their order

    ways: dict[str, Callable[[], None]] = {"manage.py embed": by_command, "queue": by_queue}
    times: dict[str, list[float]] = {name: [] for name in ("bare", *ways)}
    ratios: dict[str, list[float]] = {name: [] for name in ways}
    before = bare()
    for lap in range(-1, laps):  # the first is not counted: models are loaded
        for name, way in ways.items():
            forget_vectors()
            seconds = timed(way) / len(ids)
            check_complete(len(ids) * len(versions))
            after = bare()
            print(f"lap {lap}, {name}: {seconds * 1000:.2f} ms a picture, bare {after * 1000:.2f}", file=sys.stderr)
            if lap >= 0:
                times["bare"].append(after)
                times[name].append(seconds)
                ratios[name].append((before + after) / 2 / seconds)
            before = after
    decoding = timed(decode) / some
    return {
        "milliseconds a picture": {name: round(1000 * statistics.median(each), 2) for name, each in times.items()}
        | {"decoding, one thread": round(1000 * decoding, 2)},
        "CPU ms a picture": {name: round(1000 * statistics.median(each), 2) for name, each in cpu.items()},
        "ratio": {name: round(statistics.median(each), 2) for name, each in ratios.items()},
        "laps": {name: [round(ratio, 2) for ratio in each] for name, each in ratios.items()},
    }


def forget_vectors() -> None:
    from django.db import connection

    with connection.cursor() as cursor:  # the indexes are empty then, without anything to be vacuumed
        cursor.execute("TRUNCATE recommender_imageembedding")


def check_complete(vectors: int) -> None:
    from recommender.models import ImageEmbedding

    assert ImageEmbedding.objects.count() == vectors, f"{ImageEmbedding.objects.count()} of {vectors} vectors"


def own_and_database_seconds() -> float:
    """CPU seconds that this process and its session of the database have used."""
    from django.db import connection

    connection.ensure_connection()
    stat = Path(f"/proc/{connection.connection.info.backend_pid}/stat").read_text()
    user, system = stat.rsplit(")", 1)[1].split()[11:13]
    return time.process_time() + (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def timed(call: Callable[[], None]) -> float:
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def in_folder(folder: Path, pictures: int) -> dict:
    """Measure in a process whose settings are those of a shop in this folder."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("VISREC_")}
    environment |= {"VISREC_VAR": str(folder), "DJANGO_SETTINGS_MODULE": "visrec_site.settings"}
    command = [sys.executable, "-m", "tests.benchmarks.embedding", str(folder), str(pictures)]
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def main(folder: Path, pictures: int) -> None:
    import django

    with Services(folder):
        django.setup()
        prepare(folder, pictures)
        worker = subprocess.Popen([*WORKER, "--queues", "embed"], stdout=sys.stderr)
        try:
            laps = max(1, min(LAPS, LAPS * IMPORTED // pictures))
            print(json.dumps({"pictures": pictures} | measure(laps)))
        finally:
            worker.terminate()
            worker.wait()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
