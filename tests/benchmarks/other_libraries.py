"""Speed and ranking of our methods beside Cornac's VBPR and implicit's BPR, in one process.

`python -m tests.benchmarks.other_libraries` needs an environment with tests/benchmarks/other_libraries.txt. All run on
one thread (OMP_NUM_THREADS=1), with the same training part and, for VBPR, the same descriptors; vectors are ranked by
ml.evaluation.metrics. Each round measures one after the other, in seconds of the CPU, so that other programs on the
machine count for little.
"""

import argparse
import json
import statistics
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from cornac.data import Dataset, ImageModality
from cornac.models import VBPR
from implicit.cpu.bpr import BayesianPersonalizedRanking

from ml.configs.personal import FrozenConfig
from ml.data.images import ImageArray
from ml.data.interaction_files import read_interaction_file
from ml.data.interactions import PersonalData, Split
from ml.evaluation.metrics import rank_held_out
from ml.models.factory import create
from ml.models.frozen import FrozenFeatures
from ml.nn.inference import embed_items
from ml.training.loop import TrainConfig, fit
from tests.benchmarks.batch_lists import compare_lists, matrix, timed

FACTORS = 50  # K of all; VBPR has as many again for pictures
Vectors = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Data:
    images: ImageArray
    split: Split

    @classmethod
    def read(cls, data: Path) -> "Data":
        journal, images = read_interaction_file(data).decode((64, 64))
        return cls(images, journal.split())

    @cached_property
    def descriptors(self) -> np.ndarray:
        """Compute (I, 700) descriptors as our VBPR does."""
        frozen = FrozenFeatures.of(FrozenConfig())
        frozen.on_fit_start(self.images, torch.Generator().manual_seed(0))
        with torch.no_grad():
            batches = torch.arange(len(self.images)).split(256)
            return torch.cat([frozen(self.images.batch(batch)) for batch in batches]).numpy()


def train_ours(method: str, source: Data, epochs: int) -> tuple[float, Vectors]:
    """Train one of our methods; return seconds an epoch after the first, which also initializes, and vectors."""
    model = create(method, factors=FACTORS)
    images = source.images if model.image_size else None
    ends = [
        time.process_time() for _ in fit(model, PersonalData(images, source.split.train), TrainConfig(epochs=epochs))
    ]
    items = embed_items(model, images, source.split.train.n_items)
    return (ends[-1] - ends[0]) / (epochs - 1), (model.user_vectors().numpy(), items.numpy())


def implicit_bpr(source: Data, epochs: int) -> tuple[float, Vectors]:
    model = BayesianPersonalizedRanking(factors=FACTORS, iterations=epochs, num_threads=1, random_state=0)
    seconds = timed(lambda: model.fit(matrix(source.split.train), show_progress=False))
    return seconds / epochs, (model.user_factors, model.item_factors)


def cornac_vbpr(batch_size: int, source: Data, epochs: int) -> tuple[float, Vectors]:
    train = source.split.train
    seen = ImageModality(features=source.descriptors, ids=list(range(train.n_items)))
    users, items = (OrderedDict((n, n) for n in range(count)) for count in (train.n_users, train.n_items))
    pairs = zip(train.distinct.users.tolist(), train.distinct.items.tolist(), [1.0] * len(train.distinct), strict=True)
    data = Dataset.build(list(pairs), global_uid_map=users, global_iid_map=items, seed=0)
    seen.build(id_map=items)
    data.add_modalities(item_image=seen)
    model = VBPR(k=FACTORS, k2=FACTORS, n_epochs=epochs, batch_size=batch_size, verbose=False, seed=0)
    seconds = timed(lambda: model.fit(data))
    return seconds / epochs, (model.get_user_vectors(), model.get_item_vectors())


# By name: the training; epochs of a round's measurement; epochs after which the ranking is measured. Of ours the
# defaults; implicit's default is 100; Cornac's, of 50 epochs of batches of 100, takes too long for more than one.
LIBRARIES: dict[str, tuple[Callable[[Data, int], tuple[float, Vectors]], int, tuple[int, ...]]] = {
    "bpr-mf": (lambda *how: train_ours("bpr-mf", *how), 4, (60,)),
    "implicit bpr": (implicit_bpr, 10, (30, 100, 300)),
    "vbpr": (lambda *how: train_ours("vbpr", *how), 3, (50,)),
    "cornac vbpr, batches of 1024": (lambda *how: cornac_vbpr(1024, *how), 1, (5, 10, 20)),
    "cornac vbpr, batches of 100": (lambda *how: cornac_vbpr(100, *how), 1, ()),
}


def training_speed(source: Data, names: list[str], rounds: int) -> dict:
    """Measure triples a second: as many an epoch as there are pairs."""
    pairs, seconds = len(source.split.train.distinct), {name: [] for name in names}
    for _ in range(rounds):
        for name in names:
            train, epochs, _ = LIBRARIES[name]
            seconds[name].append(train(source, epochs)[0])
            print(f"{name}: {seconds[name][-1]:.3f} s an epoch", flush=True)
    return {name: round(pairs / statistics.median(each)) for name, each in seconds.items()}


def ranking(source: Data, names: list[str], only: list[int] | None) -> dict:
    """Measure the full-ranking AUC on validation and test items after so many epochs, and their seconds."""
    found = {}
    for name in names:
        train, _, lengths = LIBRARIES[name]
        for epochs in only or lengths:
            each, (users, items) = train(source, epochs)
            users, items = torch.from_numpy(users).float(), torch.from_numpy(items).float()
            auc = {on: rank_held_out(users, items, source.split, on=on).by_user() for on in ("validation", "test")}
            warm = {f"{on} warm": figures["auc/warm"] for on, figures in auc.items()}
            figures = {on: figures["auc"] for on, figures in auc.items()} | warm
            rounded = {on: round(float(np.nanmean(values)), 4) for on, values in figures.items()}
            found[f"{name}, {epochs} epochs"] = {"seconds": round(each * epochs, 1), **rounded}
            print(f"{name}, {epochs} epochs", found[f"{name}, {epochs} epochs"], flush=True)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.other_libraries", description=__doc__)
    parser.add_argument("what", choices=["speed", "ranking", "top-100"])
    parser.add_argument("--data", type=Path, help="as `python -m ml compare recommend` reads it; not for top-100")
    parser.add_argument("--only", nargs="*", choices=list(LIBRARIES), default=list(LIBRARIES))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--epochs", type=int, nargs="*", help="whose ranking is looked at, in place of each one's own")
    given = parser.parse_args()
    torch.set_num_threads(1)
    if given.what == "top-100":
        found = compare_lists(users=5000, items=100_000, factors=64, k=100, rounds=given.rounds)
    elif given.what == "speed":
        found = training_speed(Data.read(given.data), given.only, given.rounds)
    else:
        found = ranking(Data.read(given.data), given.only, given.epochs)
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
