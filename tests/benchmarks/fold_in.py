"""`python -m tests.benchmarks.fold_in DIR`: tastes folded in from a few interactions against trained tastes."""

import argparse
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from ml.data.images import ImageArray
from ml.data.interaction_files import read_interaction_file
from ml.data.interactions import Interactions, PersonalData, Split
from ml.evaluation.metrics import Ranking, bootstrap, rank_held_out
from ml.models.factory import create
from ml.nn.inference import embed_items
from ml.training.loop import TrainConfig, fit
from recommender.serving.fold_in import Prior, estimate_taste

LATEST = (1, 3, 10, 1000)  # interactions of a shopper that are folded in
NEW = 5  # every so-many-th user is held back: to the model that folds in, somebody new


def fold_in(data: Path, method: str, training: TrainConfig) -> dict:
    """Full-ranking AUC of what each held-back user took last: popularity's, folded in after n interactions, trained."""
    journal = read_interaction_file(data)
    size = create(method).image_size
    images = None
    if size:
        journal, images = journal.decode(size)
    split = journal.interactions.leave_one_out()
    is_new = np.isin(split.test.users, np.arange(0, split.train.n_users, NEW))
    asked = replace(split, test=split.test.select(is_new))
    without = split.train.select(split.train.users % NEW != 0)

    counts = torch.from_numpy(without.popularity).float()[:, None]
    found = {"popularity": rank_held_out(torch.ones(split.train.n_users, 1), counts, asked)}
    users, items = trained(method, images, without, training)
    prior = Prior.from_tastes(users[np.unique(without.users)].numpy())
    for latest in LATEST:
        tastes = np.stack([_folded(user, latest, split, items, prior) for user in range(split.train.n_users)])
        name = f"folded in, last {latest}" if latest < 1000 else "folded in, all"
        found[name] = rank_held_out(torch.from_numpy(tastes).float(), items, asked)
    users, items = trained(method, images, split.train, training)
    found["trained"] = rank_held_out(users, items, asked)
    return {"method": method, "users held back": int(is_new.sum())} | {
        name: _told(each) for name, each in found.items()
    }


def trained(
    method: str, images: ImageArray | None, train: Interactions, training: TrainConfig
) -> tuple[torch.Tensor, torch.Tensor]:
    model = create(method)
    for _ in fit(model, PersonalData(images, train), training, progress=True):
        pass
    return model.user_vectors().float().cpu(), embed_items(model, images, train.n_items)


def _folded(user: int, latest: int, split: Split, items: torch.Tensor, prior: Prior) -> np.ndarray:
    if user % NEW:
        return prior.mean
    own = split.train.select(split.train.users == user)
    last = own.items[np.argsort(own.timestamps, kind="stable")][-latest:]
    return estimate_taste(items[last].double().numpy(), np.ones(len(last)), prior)


def _told(ranking: Ranking) -> dict:
    low, high = bootstrap(ranking.auc)
    return {"auc": round(float(np.nanmean(ranking.auc)), 4), "interval": [round(low, 4), round(high, 4)]}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.fold_in", description=__doc__)
    parser.add_argument("data", type=Path, help="as `python -m ml compare recommend` reads it")
    parser.add_argument("--method", default="hybrid")
    parser.add_argument("--seconds", type=float, help="of each of the two trainings")
    given = parser.parse_args()
    print(json.dumps(fold_in(given.data, given.method, TrainConfig(seconds=given.seconds)), indent=1))


if __name__ == "__main__":
    main()
