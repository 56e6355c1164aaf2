"""CPU seconds and memory of what personal methods do, as users and products grow by 10 and by 100, on one core.

`python -m tests.benchmarks cost` measures all of it, each in a process of its own, and draws var/bench/cost.png;
`python -m tests.benchmarks.cost WORK USERS ITEMS` one of them.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from ml.contract import PersonalModel
from ml.data.batching import load
from ml.data.images import ImageArray
from ml.data.interactions import Interactions, PersonalData
from ml.evaluation.metrics import rank_held_out
from ml.evaluation.topk import top_k
from ml.models.factory import create
from ml.nn.encoders import DESCRIPTORS
from ml.training.steps import take_steps
from tests.benchmarks.curves import drawn

LEAST, GROWTH = 1000, (1, 10, 100)
TINY = 20, 200  # users and items
EACH, FACTORS = 12, 64  # interactions of a user; length of a vector in lists and rankings
SECONDS = 8.0  # after so long an epoch's other batches are taken to be like those before
ROOT = Path(__file__).resolve().parents[2]


def taken(users: int, items: int) -> Interactions:
    rng = np.random.default_rng(0)
    return Interactions(
        users=np.repeat(np.arange(users), EACH),
        items=rng.integers(0, items, users * EACH),
        timestamps=rng.random(users * EACH),
        n_users=users,
        n_items=items,
    )


def bpr_mf(users: int, items: int) -> float:
    model, data = create("bpr-mf"), PersonalData(None, taken(users, items))
    model.on_fit_start(data, torch.Generator().manual_seed(0))
    return epoch(model, data)


def dvbpr(users: int, items: int) -> float:
    rng = np.random.default_rng(0)
    with tempfile.NamedTemporaryFile(suffix=".pixels", dir=ROOT / "var") as file:
        for _ in range(items):  # written, not mapped: what was mapped once counts as memory
            file.write(rng.bytes(64 * 64 * 3))
        file.flush()
        pixels = np.memmap(file.name, mode="r", dtype=np.uint8, shape=(items, 64, 64, 3))
        model, data = create("dvbpr"), PersonalData(ImageArray(pixels), taken(users, items))
        model.on_fit_start(data, torch.Generator().manual_seed(0))
        model.descriptors = torch.zeros(items, DESCRIPTORS)  # in an epoch it is of no account what they are
        return epoch(model, data)


def lists(users: int, items: int) -> float:
    rng = np.random.default_rng(0)
    vectors = [rng.standard_normal((count, FACTORS), dtype=np.float32) for count in (users, items)]
    seen = taken(users, items).distinct
    return timed(lambda: top_k(*vectors, 100, seen))


def ranking(users: int, items: int) -> float:
    generator = torch.Generator().manual_seed(0)
    vectors = [torch.randn(count, FACTORS, generator=generator) for count in (users, items)]
    split = taken(users, items).leave_one_out()
    return timed(lambda: rank_held_out(*vectors, split))


WORKS: dict[str, Callable[[int, int], float]] = {
    "an epoch of bpr-mf": bpr_mf,
    "an epoch of dvbpr": dvbpr,
    "all users' top 100": lists,
    "ranking what each took last": ranking,
}


def epoch(model: PersonalModel, data: PersonalData) -> float:
    """CPU seconds of all batches, from sampler to step, by the mean of as many as there are SECONDS for."""
    optimizers = model.optimizers()
    began = time.process_time()
    batches = model.batches(data, torch.Generator().manual_seed(0))
    making, times = time.process_time() - began, []
    waiting = iter(batches)
    while sum(times) < SECONDS:
        began = time.process_time()
        if (batch := next(waiting, None)) is None:
            break
        for _ in take_steps(model, optimizers, load(batch, model.device)):
            pass
        times.append(time.process_time() - began)
    return making + float(np.mean(times[1:] or times)) * len(batches)  # the first finds everything cold


def timed(work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began


def measured(work: str, users: int, items: int) -> dict[str, float]:
    """In a process of its own: the peak of one that has done more before would be that of what it did before."""
    command = [sys.executable, "-m", "tests.benchmarks.cost", work, str(users), str(items)]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    told = subprocess.run(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True, check=True).stdout
    return json.loads(told)


def costs(out: Path) -> list[dict]:
    rows = []
    for work in WORKS:
        for growing in ("users", "items"):
            for factor in GROWTH:
                counts = {"users": LEAST, "items": LEAST} | {growing: LEAST * factor}
                again = [row for row in rows if row["work"] == work and factor == 1]  # both begin with the same
                found = {k: again[0][k] for k in ("seconds", "megabytes")} if again else measured(work, **counts)
                rows.append({"work": work, "growing": growing, **counts, **found})
                print(f"{work:28} {counts['users']:7,} users {counts['items']:7,} products ", found, flush=True)
    drawn(rows).save(out / "cost.png", optimize=True)
    return rows


def main(work: str, users: str, items: str) -> None:
    WORKS[work](*TINY)  # so that all is loaded that is ever needed
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    seconds = WORKS[work](int(users), int(items))
    beyond = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before  # Python and torch alone have 650 MB
    print(json.dumps({"seconds": round(seconds, 3), "megabytes": round(beyond / 1024, 1)}))


if __name__ == "__main__":
    main(*sys.argv[1:])
