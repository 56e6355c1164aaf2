import argparse
import io
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from catalog.demo import draw, plan_catalog, write_catalog
from tests.benchmarks import embedding
from tests.benchmarks.cost import costs
from tests.benchmarks.in_shop import run_in
from tests.benchmarks.spread import spread
from tests.shop.shop import ROOT, Shop, Staff

OUT = ROOT / "var" / "bench"
UPLOADS = 50
LEAST = 5_000  # products
UNLIMITED = {f"VISREC_RATE_{name}": "1000000/min" for name in ("ANONYMOUS", "ACCOUNT", "TOKEN")}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("only", nargs="*", choices=list(BENCHMARKS), help="which; without any, all")
    parser.add_argument("--products", type=int, default=50_000, help="added to the shop by serving and peers")
    parser.add_argument("--seconds", type=int, default=20, help="of load, and of each turn of attackers")
    parser.add_argument("--minutes", type=int, default=3, help="of soak, with a fault in each but the first")
    parser.add_argument("--pictures", type=int, default=1200, help="of the shop that embedding makes")
    options = parser.parse_args()
    if options.products < LEAST:
        parser.error(
            f"--products {options.products}: of fewer than {LEAST:,} the narrowest filter leaves no list of twelve"
        )
    OUT.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="visrec-bench-") as folder:
        world = World(Path(folder), options)
        try:
            for name, benchmark in BENCHMARKS.items():  # in this order: first those that need the shop as it opens
                if name in options.only or not options.only:
                    report(name, benchmark(world))
        finally:
            world.close()


class World:
    """The drawn catalogue and a running shop, each made when it is first needed, and what the options are."""

    def __init__(self, folder: Path, options: argparse.Namespace):
        self.folder, self.products, self.seconds = folder, options.products, options.seconds
        self.minutes, self.pictures = options.minutes, options.pictures
        self.is_big = False
        self._shop: Shop | None = None

    @property
    def catalog(self) -> Path:
        write_catalog(self.folder / "catalog", progress=True)  # does nothing the second time
        return self.folder / "catalog"

    @property
    def shop(self) -> Shop:
        if self._shop is None:
            self._shop = Shop(self.folder / "var")
            self._shop.environment |= UNLIMITED
            print("starting a shop ...", flush=True)
            self._shop.start()
        return self._shop

    @property
    def big_shop(self) -> Shop:
        if not self.is_big:
            print(f"adding {self.products:,} products ...", flush=True)
            run_in(self.shop, "big_shop", self.products)
            self.is_big = True
        return self.shop

    def close(self) -> None:
        if self._shop:
            self._shop.stop()


def upload_to_findable(world: World) -> dict:
    """Seconds from the 201 of POST products/ until the product says that it is findable, one upload after the other."""
    return {"uploads": UPLOADS, "seconds": spread(uploads(world.shop, "bench", seed=4242))}


def uploads(shop: Shop, name: str, seed: int) -> list[float]:
    staff = Staff(shop)
    seconds = []
    for number, product in enumerate(plan_catalog(products=UPLOADS, seed=seed)):
        buffer = io.BytesIO()
        draw(product, seed=seed).save(buffer, "JPEG", quality=90)
        began = time.monotonic()
        answer = staff.upload(f"{name}-{number}", buffer.getvalue(), product.category)
        assert answer.status_code == 201, answer.text
        staff.wait_until_findable(f"{name}-{number}", 60)
        seconds.append(time.monotonic() - began)
    return seconds


def load(world: World) -> dict:
    """16 clients, 5 uploads a second and a training at once: ms of calls, seconds of uploads."""
    return run_in(world.shop, "load", world.seconds)


def soak(world: World) -> dict:
    """Uploads, interactions and reads, with a random fault a minute: what is lost, seen and held in the end."""
    return run_in(world.shop, "soak", 60 * world.minutes)


def attackers(world: World) -> dict:
    """What visitors wait for beside attackers and without: ms, in a shop with its usual rate limits."""
    shop = world.shop
    shop.stop()
    limits = {name: shop.environment.pop(name) for name in UNLIMITED}
    try:
        shop.start()
        return run_in(shop, "attackers", world.seconds)
    finally:
        shop.stop()
        shop.environment |= limits
        shop.start()


def serving_against_sql(world: World) -> dict:
    """Answers over HTTP against the quickest SQL for the same rows, among many products: ms, one client."""
    results = run_in(world.big_shop, "serving")
    findable = spread(uploads(world.big_shop, "bench-big", seed=4243))
    return {"products": world.products, "upload to findable, s": findable, "results": results}


def peers(world: World) -> dict:
    """Searches, builds of an index and batches of lists, against what other libraries take for the same."""
    return {"products": world.products} | run_in(world.big_shop, "peers")


def embedding_against_pass(world: World) -> dict:
    """Pictures embedded by the command and through the queue against the bare forward pass of the same networks."""
    return embedding.in_folder(world.folder / "embedding", world.pictures)


def compare_retrieval(world: World) -> dict:
    methods = "pixels,histogram,hog,visrec"
    return compare("retrieval", "--train", world.catalog, "--test", world.catalog, "--methods", methods)


def compare_recommend(world: World) -> dict:
    return compare("recommend", "--data", world.catalog, "--methods", "popularity,bpr-mf,dvbpr,hybrid")


def cost(world: World) -> dict:
    return {"results": costs(OUT)}


def compare(task: str, *arguments: str | Path) -> dict:
    file = OUT / f"compare-{task}.json"
    command = [sys.executable, "-m", "ml", "compare", task, *map(str, arguments), "--json", str(file)]
    subprocess.run(command, cwd=ROOT, check=True)
    return json.loads(file.read_text())


def report(name: str, figures: dict) -> None:
    machine = {"processor": platform.machine(), "cores": os.cpu_count(), "python": platform.python_version()}
    (OUT / f"{name}.json").write_text(json.dumps({"benchmark": name, "machine": machine} | figures, indent=1))
    print(f"\n{name}")
    for key, value in figures.items():
        if key not in ("results", "machine", "data"):
            print(f"  {key:16} {value}")
    if name in ("load", "soak", "attackers", "serving", "peers"):
        for case, row in figures["results"].items():
            print(f"  {case:18} {row}")


BENCHMARKS: dict[str, Callable[[World], dict]] = {
    "upload-to-findable": upload_to_findable,
    "load": load,
    "soak": soak,
    "attackers": attackers,
    "serving": serving_against_sql,
    "peers": peers,
    "embedding": embedding_against_pass,
    "retrieval": compare_retrieval,
    "recommend": compare_recommend,
    "cost": cost,
}

if __name__ == "__main__":
    main()
