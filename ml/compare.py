"""Methods side by side on the same data: `python -m ml compare` without the command line."""

import os
import platform
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ml import measures
from ml.datasets import Photos, read_photos
from ml.embedding import embed_images, embed_items
from ml.errors import BadData, BadSetting, UnknownMethod
from ml.evaluation import COLD
from ml.images import ImageArray
from ml.interactions import PersonalData, Split
from ml.journals import read_journal
from ml.measures import Measures
from ml.models import METHODS, create
from ml.models.base import Model
from ml.runs import Runs, Trained, fingerprint, say, stamps
from ml.training import TrainConfig


@dataclass(frozen=True)
class Options:
    methods: Sequence[str]
    training: TrainConfig = TrainConfig()
    settings: dict[str, str] = field(default_factory=dict)  # each goes to the methods that have it
    results: Path | None = None  # folder for each method's figures, so that a second run goes on after a stop
    models: Path | None = None  # folder for what was trained
    labels: Sequence[str] = ()  # those to measure by, "a+b" where both must agree; none: all there are
    where: Sequence[tuple[str, str]] = ()  # (label, value): measured again on the pictures that have it, alone
    progress: bool = False

    @property
    def runs(self) -> Runs:
        return Runs(self.training, self.results, self.models, self.progress)


class Pictures:
    """Photos, and their pixels in the size that a method wants; those of one size are kept at a time."""

    def __init__(self, photos: Photos, size: tuple[int, int], progress: bool) -> None:
        """Decodes them, so that from here on it is known which can be read."""
        self.fingerprint = fingerprint(stamps(photos.sources), [photos.words_of(label) for label in photos.labels])
        self.progress = progress
        self.photos, self._pixels = photos.decode(size, progress)

    def at(self, size: tuple[int, int]) -> ImageArray:
        if self._pixels.size != size:
            self._pixels = ImageArray.decode(self.photos.sources, size, progress=self.progress)
        return self._pixels


@dataclass(frozen=True)
class Part:
    """Some of the test pictures, each of them a query among the others of these."""

    title: str  # "LABEL=VALUE", or "" for all of them
    kept: np.ndarray  # indices
    labels: dict[str, np.ndarray]  # of these

    def described(self) -> dict[str, Any]:
        return {"data": measures.counts(self.labels), "chance": {"metrics": measures.chance(self.labels)}}


def compare_retrieval(train: Path, test: Path, options: Options) -> dict[str, Any]:
    """Train each method on one set of pictures without its labels; query each picture of the other against the rest."""
    models, runs = _models(options, "similar"), options.runs
    photos = [read_photos(path) for path in (train, test)]
    say("reading the pictures", options.progress)
    learned, tested = (Pictures(each, models[0].image_size, options.progress) for each in photos)
    if not tested.photos.labels:
        raise BadData(f"{test}: there is no column of labels to measure by")
    parts = _parts(tested.photos, options)
    results = []
    for model in models:
        run = runs.key(model, learned.fingerprint)
        measured = fingerprint(run, tested.fingerprint, options.labels, options.where)
        result = runs.result(model.method, measured)
        if result is None:
            trained = runs.train(model, run, partial(learned.at, model.image_size))
            result = _measured(trained, tested, parts, options)
            runs.keep(model.method, measured, result)
        results.append(result)
    everything, *narrower = parts
    described = everything.described()
    data = {
        "train_images": len(learned.photos.names),
        "test_images": len(tested.photos.names),
        "train_failed": learned.photos.failed,
        "test_failed": tested.photos.failed,
    }
    document = _document("retrieval", data | described["data"], options, results, described["chance"])
    return document | {"where": {part.title: part.described() for part in narrower}}


def _parts(photos: Photos, options: Options) -> list[Part]:
    labels = photos.with_labels(options.labels).labels if options.labels else photos.labels
    parts = [Part("", np.arange(len(photos.names)), labels)]
    for label, value in options.where:
        kept = photos.where(label, value)
        if not (narrowed := measures.only(labels, kept)):
            raise BadData(f"where {label} is {value}, no label tells one picture from another")
        parts.append(Part(f"{label}={value}", kept, narrowed))
    return parts


def _measured(trained: Trained, tested: Pictures, parts: Sequence[Part], options: Options) -> dict[str, Any]:
    model = trained.model
    say(f"{model.method}: embedding", options.progress)
    pixels = tested.at(model.image_size)
    began = time.monotonic()
    vectors = embed_images(model, pixels, options.progress)
    embedded = time.monotonic()
    say(f"{model.method}: measuring", options.progress)
    seed = options.training.seed
    everything, *narrower = (measures.retrieval(vectors[p.kept], p.labels, model.metric, seed) for p in parts)
    seconds = {"embed": embedded - began, "evaluate": time.monotonic() - embedded}
    return _result(trained, everything, seconds) | {
        "megabytes": sum(t.numel() * t.element_size() for t in model.state_dict().values()) / 1e6,
        "images_per_second": len(vectors) / (embedded - began),
        "where": {part.title: found.as_dict() for part, found in zip(parts[1:], narrower, strict=True)},
    }


def compare_recommend(data: Path, options: Options) -> dict[str, Any]:
    """Train each method on all but each user's last two items; rank the last one among all."""
    models, runs = _models(options, "personal"), options.runs
    journal = read_journal(data)
    taken = journal.interactions
    read = fingerprint(
        stamps(journal.sources or ()), *(c.tolist() for c in (taken.users, taken.items, taken.timestamps))
    )
    arrays = {None: None}
    for size in {model.image_size for model in models if model.image_size}:
        journal, arrays[size] = journal.decode(size, options.progress)
    split = journal.interactions.leave_one_out()
    if not len(split.test):
        raise BadData(f"{data}: no user has three items, so that none can be held out")
    results = []
    for model in models:
        # Which pictures could be read depends on whether another method here looks at any.
        run = fingerprint(runs.key(model, read), split.train.n_items)
        result = runs.result(model.method, run)
        if result is None:
            images = arrays[model.image_size]
            trained = runs.train(model, run, partial(PersonalData, images, split.train))
            result = _ranked(trained, images, split, options)
            runs.keep(model.method, run, result)
        results.append(result)
    generator = torch.Generator().manual_seed(options.training.seed)
    random = (torch.randn(count, 32, generator=generator) for count in (split.train.n_users, split.train.n_items))
    chance = measures.ranking(*random, split, options.training.seed).metrics
    popularity = split.train.popularity
    counts = {
        "users": split.train.n_users,
        "items": split.train.n_items,
        "interactions": len(journal.interactions.distinct),
        "train": len(split.train),
        "test": len(split.test),
        "test_cold": int((popularity[split.test.items] < COLD).sum()),
        "cold_items": int((popularity < COLD).sum()),
        "failed": journal.failed,
    }
    return _document("recommend", counts, options, results, {"metrics": chance})


def _ranked(trained: Trained, images: ImageArray | None, split: Split, options: Options) -> dict[str, Any]:
    model = trained.model
    say(f"{model.method}: embedding", options.progress)
    began = time.monotonic()
    items = embed_items(model, images, split.train.n_items, options.progress)
    embedded = time.monotonic()
    say(f"{model.method}: measuring", options.progress)
    found = measures.ranking(model.user_vectors().float().cpu(), items, split, options.training.seed)
    return _result(trained, found, {"embed": embedded - began, "evaluate": time.monotonic() - embedded})


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


def _result(trained: Trained, found: Measures, seconds: dict[str, float]) -> dict[str, Any]:
    model = trained.model
    return {
        "method": model.method,
        "config": model.config.as_dict(),
        "epochs": trained.epochs,
        **found.as_dict(),
        "seconds": {"train": trained.seconds, **seconds},
        "dimensions": model.dimensions,
        "losses": trained.losses,
    }


def _document(
    task: str, data: dict[str, Any], options: Options, results: list[dict[str, Any]], chance: dict[str, Any]
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
        "chance": chance,
        "results": results,
    }
