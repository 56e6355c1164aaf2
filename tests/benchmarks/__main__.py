import argparse
import io
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from catalog.demo import draw, plan_catalog, write_catalog
from tests.benchmarks import serving
from tests.benchmarks.cost import costs
from tests.shop.shop import ROOT, Shop, Staff

OUT = ROOT / "var" / "bench"
UPLOADS = 50
PRODUCTS = 50_000


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("only", nargs="*", choices=list(BENCHMARKS), help="which; without any, all")
    chosen = parser.parse_args().only or list(BENCHMARKS)
    OUT.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="visrec-bench-") as folder:
        world = World(Path(folder))
        try:
            for name in chosen:
                report(name, BENCHMARKS[name](world))
        finally:
            world.close()


class World:
    """The drawn catalogue and a running shop, each made when it is first asked for."""

    def __init__(self, folder: Path):
        self.folder = folder
        self._shop: Shop | None = None

    @property
    def catalog(self) -> Path:
        write_catalog(self.folder / "catalog", progress=True)  # does nothing the second time
        return self.folder / "catalog"

    @property
    def shop(self) -> Shop:
        if self._shop is None:
            self._shop = Shop(self.folder / "var")
            print("starting a shop ...", flush=True)
            self._shop.start()
        return self._shop

    def close(self) -> None:
        if self._shop:
            self._shop.stop()


def upload_to_findable(world: World) -> dict:
    """Seconds from the 201 of POST products/ until the product says that it is findable, one upload after the other."""
    staff = Staff(world.shop)
    seconds = []
    for number, product in enumerate(plan_catalog(products=UPLOADS, seed=4242)):
        buffer = io.BytesIO()
        draw(product, seed=4242).save(buffer, "JPEG", quality=90)
        began = time.monotonic()
        answer = staff.upload(f"bench-{number}", buffer.getvalue(), product.category)
        assert answer.status_code == 201, answer.text
        staff.wait_until_findable(f"bench-{number}", 60)
        seconds.append(time.monotonic() - began)
    return {"uploads": UPLOADS, "seconds": spread(seconds)}


def serving_against_sql(world: World) -> dict:
    """GET products/SKU/similar/ against one SQL statement for the same rows, among PRODUCTS more: ms, one client."""
    return {"products": PRODUCTS, "results": serving.in_shop(world.shop, PRODUCTS)}


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


def timed(call: Callable[[], object]) -> float:
    began = time.perf_counter()
    call()
    return (time.perf_counter() - began) * 1000


def spread(values: list[float]) -> dict[str, float]:
    cuts = statistics.quantiles(values, n=100)
    return {"p50": round(cuts[49], 3), "p95": round(cuts[94], 3), "max": round(max(values), 3)}


def report(name: str, figures: dict) -> None:
    machine = {"processor": platform.machine(), "cores": os.cpu_count(), "python": platform.python_version()}
    (OUT / f"{name}.json").write_text(json.dumps({"benchmark": name, "machine": machine} | figures, indent=1))
    print(f"\n{name}")
    for key, value in figures.items():
        if key not in ("results", "machine", "data"):
            print(f"  {key:16} {value}")
    if name == "serving":
        for case, row in figures["results"].items():
            print(f"  {case:16} {row}")


BENCHMARKS: dict[str, Callable[[World], dict]] = {
    "upload-to-findable": upload_to_findable,
    "serving": serving_against_sql,
    "retrieval": compare_retrieval,
    "recommend": compare_recommend,
    "cost": cost,
}

if __name__ == "__main__":
    main()
