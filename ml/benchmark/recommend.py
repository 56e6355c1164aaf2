"""`python -m ml compare recommend` without the command line."""

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ml.benchmark import compare
from ml.benchmark.compare import Options
from ml.benchmark.runs import Trained, fingerprint, say, stamps
from ml.benchmark.selection import Selection
from ml.contract import Model
from ml.data.conversion import ensure_converted
from ml.data.ground_truth import read_ground_truth
from ml.data.images import ImageArray
from ml.data.interaction_files import InteractionFile, read_interaction_file
from ml.data.interactions import PersonalData, Split
from ml.data.published import RANKING
from ml.errors import BadData, UnknownMethod
from ml.evaluation import metrics, report
from ml.evaluation.metrics import COLD
from ml.nn.inference import embed_items

Figures = dict[str, Any]


def compare_recommend(data: Path, options: Options) -> dict[str, Any]:
    """Train each method on all but each user's last two items; rank the last one among all.

    Where the data say of themselves what is for training, validation and test, so it is divided.
    """
    models = compare.models(options, "personal")
    if options.against is not None and options.against not in options.methods:
        raise UnknownMethod(f"{options.against!r} to compare with is none of {', '.join(options.methods)}")
    if data.suffix == ".npy":
        data = ensure_converted(data)
    journal = read_interaction_file(data)
    read = _fingerprint(journal)
    arrays = {None: None}
    for size in {model.image_size for model in models if model.image_size}:
        journal, arrays[size] = journal.decode(size, options.progress)
    truth = read_ground_truth(data)
    known = truth and truth.vectors(journal.users, journal.items)
    try:
        split = journal.split()
    except BadData as error:
        raise BadData(f"{data}: {error}") from error
    world = _World(journal, arrays, split, options)
    studies = [_Study(model, world, read) for model in models]
    not_run = compare.without_weights(studies, options.progress)
    results = _results([study for study in studies if study.model.method not in not_run], not_run)
    told = {
        "data": _counts(journal, split) | {"simulated": truth is not None},
        "chance": world.chance(),
        "published": [asdict(claim) for claim in RANKING.get(data.name.partition(".")[0], ())],
        "not_run": not_run,
    }
    if known:
        told["oracle"] = world.figures(*known)
    if options.against and options.against not in not_run:
        _compare(results, options.against, options.training.seed)
    for figures in (*results, *(told[name] for name in ("chance", "oracle") if name in told)):
        del figures["by_user"]
    return compare.document("recommend", options, results, told)


def _results(studies: Sequence["_Study"], not_run: dict[str, str]) -> list[Figures]:
    """Of a method that needs what these data lack there is none, but the reason in `not_run`."""
    results = []
    for study in studies:
        try:
            results.append(study.result())
        except BadData as error:
            not_run[study.model.method] = str(error)
    if not results:
        raise BadData("; ".join(f"{method}: {reason}" for method, reason in not_run.items()))
    return results


def _fingerprint(journal: InteractionFile) -> str:
    taken = journal.interactions
    columns = [column.tolist() for column in (taken.users, taken.items, taken.timestamps)]
    columns += [column if column is None else column.tolist() for column in (journal.categories, journal.parts)]
    return fingerprint(stamps(journal.sources or ()), *columns)


def _counts(journal: InteractionFile, split: Split) -> dict[str, int]:
    popularity = split.train.popularity
    return {
        "users": split.train.n_users,
        "items": split.train.n_items,
        "interactions": len(journal.interactions.distinct),
        "train": len(split.train),
        "test": len(split.test),
        "test_cold": int((popularity[split.test.items] < COLD).sum()),
        "cold_items": int((popularity < COLD).sum()),
        "failed": journal.failed,
    }


def _compare(results: list[Figures], against: str, seed: int) -> None:
    """Add to each result but that of this method how far it is ahead, user by user."""
    (theirs,) = (_arrays(result) for result in results if result["method"] == against)
    for result in results:
        if result["method"] != against:
            ahead = report.differences(_arrays(result), theirs, seed)
            result["against"] = {"method": against, **ahead.as_dict()}


def _arrays(result: Figures) -> dict[str, np.ndarray]:
    return {name: np.array(each) for name, each in result["by_user"].items()}


@dataclass(frozen=True)
class _World:
    """The same pictures, split and measures for every method."""

    journal: InteractionFile
    arrays: dict[tuple[int, int] | None, ImageArray | None]  # by a model's image_size
    split: Split
    options: Options

    def figures(self, users: Tensor, items: Tensor) -> Figures:
        """Metrics, their intervals, and each user's own ("by_user"), which is no part of the document."""
        seed = self.options.training.seed
        found = metrics.rank_held_out(users, items, self.split)
        by_user = found.by_user()
        if self.options.sampled:
            by_user[f"auc/sampled-{metrics.SAMPLED}"] = metrics.sampled_auc(users, items, self.split, seed)
        figures = report.ranking(found, by_user, seed).as_dict()
        return figures | {"by_user": {name: each.tolist() for name, each in by_user.items()}}

    def chance(self) -> Figures:
        """The figures of vectors that mean nothing."""
        generator = torch.Generator().manual_seed(self.options.training.seed)
        train = self.split.train
        return self.figures(*(torch.randn(count, 32, generator=generator) for count in (train.n_users, train.n_items)))


@dataclass
class _Study:
    """One method, from its training to its figures; nothing that was done before is done again."""

    model: Model
    world: _World
    read: str  # the fingerprint of the journal

    def __post_init__(self) -> None:
        options, self.runs = self.world.options, self.world.options.runs
        # Which pictures could be read depends on whether another method here looks at any.
        self.run = fingerprint(self.runs.key(self.model, self.read), self.world.split.train.n_items, options.select)
        self.measured = fingerprint(self.run, options.sampled)
        self.kept = self.runs.result(self.model.method, self.measured)

    def check(self) -> None:
        """Raises BadWeights if it is to be trained, and cannot be."""
        if self.kept is None and not self.runs.training_of(self.model, self.run):
            self.model.check()

    def result(self) -> Figures:
        if self.kept is not None:
            return self.kept
        world, seed = self.world, self.world.options.training.seed
        images = world.arrays[self.model.image_size]
        data = partial(PersonalData, images, world.split.train, world.journal.categories)
        choice = partial(Selection, split=world.split, seed=seed) if world.options.select else None
        result = self._measured(self.runs.train(self.model, self.run, data, choice), images)
        self.runs.keep(self.model.method, self.measured, result)
        return result

    def _measured(self, trained: Trained, images: ImageArray | None) -> Figures:
        model, progress = trained.model, self.world.options.progress
        say(f"{model.method}: embedding", progress)
        began = time.monotonic()
        items = embed_items(model, images, self.world.split.train.n_items, progress)
        embedded = time.monotonic()
        say(f"{model.method}: measuring", progress)
        figures = self.world.figures(model.user_vectors().float().cpu(), items)
        seconds = {"embed": embedded - began, "evaluate": time.monotonic() - embedded}
        return compare.result(trained, figures, seconds)
