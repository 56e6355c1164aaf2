"""Methods side by side on the same data: `python -m ml compare` without the command line."""

import os
import platform
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ml import evaluation
from ml.datasets import read_photos
from ml.embedding import embed_images, embed_items
from ml.errors import BadData, BadSetting, UnknownMethod
from ml.interactions import PersonalData
from ml.journals import read_journal
from ml.models import METHODS, create
from ml.models.base import Model
from ml.training import TrainConfig, fit

NEAREST, LISTED = 5, 10


@dataclass(frozen=True)
class Options:
    methods: Sequence[str]
    training: TrainConfig = TrainConfig()
    settings: dict[str, str] = field(default_factory=dict)  # each goes to the methods that have it
    progress: bool = False


def compare_retrieval(train: Path, test: Path, options: Options) -> dict[str, Any]:
    """Train each method on one set of pictures without its labels; query each picture of the other against the rest."""
    models = _models(options, "similar")
    learned, measured = read_photos(train), read_photos(test)
    arrays = {}
    for size in {model.image_size for model in models}:
        learned, learned_pixels = learned.decode(size, options.progress)
        measured, measured_pixels = measured.decode(size, options.progress)
        arrays[size] = learned_pixels, measured_pixels
    if not measured.labels:
        raise BadData(f"{test}: there is no column of labels to measure by")
    results = []
    for model in models:
        learned_pixels, measured_pixels = arrays[model.image_size]
        trained, seconds = _train(model, learned_pixels, options)
        began = time.monotonic()
        vectors = embed_images(model, measured_pixels, options.progress)
        embedded = time.monotonic()
        metrics, intervals = _retrieval(vectors, measured.labels, model.metric, options.training.seed)
        results.append(
            _result(model, metrics, intervals, trained, seconds, embedded - began, time.monotonic() - embedded)
            | {
                "megabytes": sum(t.numel() * t.element_size() for t in model.state_dict().values()) / 1e6,
                "images_per_second": len(vectors) / (embedded - began),
            }
        )
    chance = {f"precision@{NEAREST}/{name}": evaluation.chance_precision(c) for name, c in measured.labels.items()}
    data = {
        "train_images": len(learned.names),
        "test_images": len(measured.names),
        "train_failed": learned.failed,
        "test_failed": measured.failed,
        "labelled": {name: int((classes >= 0).sum()) for name, classes in measured.labels.items()},
        "classes": {name: int(classes.max()) + 1 for name, classes in measured.labels.items()},
    }
    return _document("retrieval", data, options, results, chance)


def _retrieval(
    vectors: Tensor, labels: dict[str, np.ndarray], metric: str, seed: int
) -> tuple[dict[str, float], dict[str, tuple[float, float]]]:
    metrics, intervals = {}, {}
    for name, found in evaluation.retrieval(vectors, labels, k=NEAREST, metric=metric).items():
        values = {
            f"precision@{NEAREST}/{name}": found.precision,
            f"map/{name}": found.average_precision,
            f"knn/{name}": found.right,
            f"linear/{name}": evaluation.linear_probe(vectors, labels[name], seed),
        }
        # Where no class has two pictures there is no average precision.
        for key, each in values.items():
            if not np.isfinite(each).any():
                continue
            metrics[key] = float(np.nanmean(each))
            intervals[key] = evaluation.bootstrap(each, seed)
        metrics[f"precision@{NEAREST}-macro/{name}"] = evaluation.macro(found.precision, labels[name])
    return metrics, intervals


def compare_recommend(data: Path, options: Options) -> dict[str, Any]:
    """Train each method on all but each user's last two items; rank the last one among all."""
    models = _models(options, "personal")
    journal = read_journal(data)
    arrays = {None: None}
    for size in {model.image_size for model in models if model.image_size}:
        journal, arrays[size] = journal.decode(size, options.progress)
    split = journal.interactions.leave_one_out()
    if not len(split.test):
        raise BadData(f"{data}: no user has three items, so that none can be held out")
    results = []
    for model in models:
        images = arrays[model.image_size]
        trained, seconds = _train(model, PersonalData(images, split.train), options)
        began = time.monotonic()
        items = embed_items(model, images, split.train.n_items, options.progress)
        embedded = time.monotonic()
        users = model.user_vectors().float().cpu()
        metrics, intervals = _ranking(users, items, split, options.training.seed)
        results.append(
            _result(model, metrics, intervals, trained, seconds, embedded - began, time.monotonic() - embedded)
        )
    generator = torch.Generator().manual_seed(options.training.seed)
    random = (torch.randn(count, 32, generator=generator) for count in (split.train.n_users, split.train.n_items))
    chance, _ = _ranking(*random, split, options.training.seed)
    popularity = split.train.popularity
    counts = {
        "users": split.train.n_users,
        "items": split.train.n_items,
        "interactions": len(journal.interactions.distinct),
        "train": len(split.train),
        "test": len(split.test),
        "test_cold": int((popularity[split.test.items] < evaluation.COLD).sum()),
        "cold_items": int((popularity < evaluation.COLD).sum()),
        "failed": journal.failed,
    }
    return _document("recommend", counts, options, results, chance)


def _ranking(
    users: Tensor, items: Tensor, split: Any, seed: int
) -> tuple[dict[str, float], dict[str, tuple[float, float]]]:
    ranking = evaluation.rank_held_out(users, items, split, top=LISTED)
    values = {
        "auc": ranking.auc,
        "auc/cold": ranking.auc[ranking.cold],
        "auc/cold-among-cold": ranking.auc_among_cold[ranking.cold],
        "hr@10": evaluation.hit_rate_at_k(ranking.rank, 10),
        "ndcg@10": evaluation.ndcg_at_k(ranking.rank, 10),
        "recall@20": evaluation.hit_rate_at_k(ranking.rank, 20),
    }
    # Without any user whose held-out item is cold there is no such figure.
    values = {name: each for name, each in values.items() if np.isfinite(each).any()}
    metrics = {name: float(np.nanmean(each)) for name, each in values.items()}
    intervals = {name: evaluation.bootstrap(each, seed) for name, each in values.items()}
    metrics["coverage@10"] = evaluation.coverage(ranking.top, ranking.n_items)
    intervals["coverage@10"] = evaluation.bootstrap_coverage(ranking.top, ranking.n_items, seed)
    return metrics, intervals


def _models(options: Options, role: str) -> list[Model]:
    fitting = [name for name, method in METHODS.items() if method.role == role]
    if unknown := [name for name in options.methods if name not in fitting]:
        raise UnknownMethod(f"no {role} method is called {unknown[0]!r}; there are: {', '.join(fitting)}")
    known = {name: METHODS[name].load().Config.__dataclass_fields__ for name in options.methods}
    for setting in options.settings:
        if not any(setting in fields for fields in known.values()):
            raise BadSetting(f"{setting} is not a setting of {', '.join(options.methods)}")
    return [
        create(name, **{key: value for key, value in options.settings.items() if key in known[name]})
        for name in options.methods
    ]


def _train(model: Model, data: Any, options: Options) -> tuple[int, float]:
    """Epochs trained, and the seconds that took."""
    began = time.monotonic()
    if options.progress:
        print(f"{model.method}: training", file=sys.stderr)
    epochs = sum(1 for _ in fit(model, data, options.training, progress=options.progress))
    return epochs, time.monotonic() - began


def _result(
    model: Model,
    metrics: dict[str, float],
    intervals: dict[str, tuple[float, float]],
    epochs: int,
    train: float,
    embed: float,
    evaluate: float,
) -> dict[str, Any]:
    return {
        "method": model.method,
        "config": model.config.as_dict(),
        "epochs": epochs,
        "metrics": metrics,
        "intervals": {name: list(interval) for name, interval in intervals.items()},
        "seconds": {"train": train, "embed": embed, "evaluate": evaluate},
        "dimensions": model.dimensions,
    }


def _document(
    task: str, data: dict[str, Any], options: Options, results: list[dict[str, Any]], chance: dict[str, float]
) -> dict[str, Any]:
    machine = {
        "processor": platform.machine(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
        "python": platform.python_version(),
        "torch": torch.__version__,
    }
    return {
        "task": task,
        "data": data,
        "seed": options.training.seed,
        "machine": machine,
        "chance": {"metrics": chance},
        "results": results,
    }
