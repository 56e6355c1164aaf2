"""Comparison of personal methods: `python -m ml compare recommend` without the command line."""

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ml.benchmark import compare
from ml.benchmark.compare import Document, Options
from ml.benchmark.runs import Trained, fingerprint, report_progress, stamp_images
from ml.benchmark.selection import Selection
from ml.contract import PersonalModel
from ml.data.conversion import ensure_converted
from ml.data.ground_truth import read_ground_truth
from ml.data.images import ImageArray
from ml.data.interaction_files import InteractionFile, read_interaction_file
from ml.data.interactions import PersonalData, Split
from ml.data.published import RANKING
from ml.errors import BadData, UnknownMethod
from ml.evaluation import calibration, metrics, report
from ml.evaluation.metrics import COLD
from ml.nn.inference import embed_items

UNFITTED = calibration.Curve(slope=1.0, offset=0.0, highest=1.0)  # sigmoid(score)
FIGURES = 3  # counts what a result has: what was saved with fewer figures is measured again


def compare_recommend(data: Path, options: Options) -> Document:
    """Train each method on all but each user's last two items; rank the last one among all items.

    Data with a published split are split so; with options.moment or options.share, all data are split by that.
    """
    models = compare.create_models(options, PersonalModel)
    if options.against is not None and options.against not in options.methods:
        raise UnknownMethod(f"{options.against!r} to compare with is none of {', '.join(options.methods)}")
    if data.suffix == ".npy":
        data = ensure_converted(data)
    file = read_interaction_file(data, options.positive)
    data_fingerprint = stamp_data(file, options)
    file, arrays = decode_for(models, file, options.progress)
    ground_truth = read_ground_truth(data)
    oracle = ground_truth and ground_truth.vectors(file.users, file.items)
    split = split_or_raise(data, file, options)
    task = Task(file, arrays, split, options)
    studies = [Study(model, task, data_fingerprint) for model in models]
    not_run = compare.find_missing_weights(studies, options.progress)
    results = _run([study for study in studies if study.model.method not in not_run], not_run)
    random_baseline = task.measure_random_baseline()
    facts: Document = {
        "data": _count(file, split) | {"simulated": ground_truth is not None},
        "chance": random_baseline,
        "published": [asdict(claim) for claim in RANKING.get(data.name.partition(".")[0], ())],
        "not_run": not_run,
    }
    if oracle:
        facts["oracle"] = task.measure(*oracle)
    if options.against and options.against not in not_run:
        _compare(results, options.against, options.training.seed)
    for figures in (*results, random_baseline, *([facts["oracle"]] if oracle else [])):
        forget_users(figures)
    return compare.build_document("recommend", options, results, facts)


def decode_for(
    models: Sequence[PersonalModel], file: InteractionFile, progress: bool
) -> tuple[InteractionFile, dict[tuple[int, int] | None, ImageArray | None]]:
    """Decode the images in each size that a model takes; return the readable rest of the file, and arrays by size."""
    arrays: dict[tuple[int, int] | None, ImageArray | None] = {None: None}
    for size in {model.image_size for model in models if model.image_size}:
        file, arrays[size] = file.decode(size, progress)
    return file, arrays


def split_or_raise(data: Path, file: InteractionFile, options: Options) -> Split:
    """Split the interactions as the options say. Raises BadData with the path."""
    try:
        return file.split(options.moment, options.share)
    except BadData as error:
        raise BadData(f"{data}: {error}") from error


def _run(studies: Sequence["Study"], not_run: dict[str, str]) -> list[Document]:
    """Return each study's result; add to `not_run` why the data do not suit a method."""
    results = []
    for study in studies:
        try:
            results.append(study.result())
        except BadData as error:
            not_run[study.model.method] = str(error)
    if not results:
        raise BadData("; ".join(f"{method}: {reason}" for method, reason in not_run.items()))
    return results


def stamp_data(file: InteractionFile, options: Options) -> str:
    """Return the fingerprint of interactions, their split and images, which changes with any of them."""
    taken = file.interactions
    columns = [column.tolist() for column in (taken.users, taken.items, taken.timestamps)]
    columns += [column if column is None else column.tolist() for column in (file.categories, file.parts)]
    # Not where there are none, so that what was saved before there were such splits is found again.
    columns += [] if options.moment is None else [options.moment]
    columns += [] if options.share is None else ["items", options.share]
    return fingerprint(stamp_images(file.sources or ()), *columns)


def _count(file: InteractionFile, split: Split) -> dict[str, int]:
    popularity = split.train.popularity
    return {
        "users": split.train.n_users,
        "items": split.train.n_items,
        "interactions": len(file.interactions.distinct),
        "train": len(split.train),
        "test": len(split.test),
        "test_cold": int((popularity[split.test.items] < COLD).sum()),
        "cold_items": int((popularity < COLD).sum()),
        "failed": file.failed,
    }


def _compare(results: list[Document], against: str, seed: int) -> None:
    """Add to each result but that of this method the paired differences of users' figures."""
    (theirs,) = (result for result in results if result["method"] == against)
    for result in results:
        if result["method"] != against:
            differences = report.average_differences(_to_arrays(result["by_user"]), _to_arrays(theirs["by_user"]), seed)
            grouped = {name: np.subtract(each, theirs["grouped"][name]) for name, each in result["grouped"].items()}
            groups = {
                name: report.measure_groups(grouped, _to_arrays(each), seed) for name, each in result["groups"].items()
            }
            result["against"] = {"method": against, **differences.as_dict(), **groups}


def _to_arrays(lists: dict[str, list[float]]) -> dict[str, np.ndarray]:
    return {name: np.array(each) for name, each in lists.items()}


def forget_users(result: Document) -> None:
    """Remove what a result has of each user."""
    for name in ("by_user", "grouped", "groups"):
        del result[name]


@dataclass(frozen=True)
class Task:
    """Images, split and measures that are the same for every method."""

    file: InteractionFile
    arrays: dict[tuple[int, int] | None, ImageArray | None]  # by a model's image_size
    split: Split
    options: Options

    def measure(self, users: Tensor, items: Tensor) -> Document:
        """Return metrics, their intervals, and each user's figures and groups, which the document leaves out."""
        seed = self.options.training.seed
        found = metrics.rank_held_out(users, items, self.split)
        by_user = found.by_user()
        if self.options.sampled:
            by_user[f"auc/sampled-{metrics.SAMPLED}"] = metrics.sampled_auc(users, items, self.split, seed)
        figures = report.measure_ranking(found, by_user, seed).as_dict()
        grouped, groups = found.figures_of_groups(), found.groups()
        return {
            **figures,
            **{name: report.measure_groups(grouped, each, seed) for name, each in groups.items()},
            "by_user": {name: each.tolist() for name, each in by_user.items()},
            "grouped": {name: each.tolist() for name, each in grouped.items()},
            "groups": {name: {key: m.tolist() for key, m in each.items()} for name, each in groups.items()},
        }

    def measure_chances(self, users: Tensor, items: Tensor) -> Document | None:
        """Return how reliable chances are that are fitted to the validation items, on the test; None without any."""
        if not len(self.split.validation):
            return None
        fitted_to, trials = (
            calibration.Trials.draw(users, items, self.split, on, self.options.training.seed)
            for on in ("validation", "test")
        )
        curve = calibration.fit_curve(fitted_to)
        bins = calibration.reliability(curve, trials)
        return {
            **curve._asdict(),
            "error": calibration.calibration_error(bins),
            "error/unfitted": calibration.calibration_error(calibration.reliability(UNFITTED, trials)),
            "bins": [asdict(each) for each in bins],
        }

    def measure_random_baseline(self) -> Document:
        """Return the figures of random vectors."""
        generator = torch.Generator().manual_seed(self.options.training.seed)
        train = self.split.train
        return self.measure(*(torch.randn(count, 32, generator=generator) for count in (train.n_users, train.n_items)))


@dataclass
class Study:
    """One method, from its training to its figures; nothing is done again that was saved."""

    model: PersonalModel
    task: Task
    data_fingerprint: str

    def __post_init__(self) -> None:
        options, self.runs = self.task.options, self.task.options.runs
        # Which images can be read depends on whether another method here reads any.
        key = self.runs.compute_key(self.model, self.data_fingerprint)
        self.run = fingerprint(key, self.task.split.train.n_items, options.select)
        self.measured = fingerprint(self.run, options.sampled, FIGURES)
        self.saved = self.runs.find_result(self.model.method, self.measured)

    def check(self) -> None:
        """Raise BadWeights if the method must be trained and its weights are missing."""
        if self.saved is None and not self.runs.find_training(self.model, self.run):
            self.model.check()

    def result(self) -> Document:
        """Return the saved result, or train and measure the method."""
        if self.saved is not None:
            return self.saved
        task, seed = self.task, self.task.options.training.seed
        images = task.arrays[self.model.image_size]
        split = task.split
        read_data = partial(
            PersonalData, images, split.train, task.file.categories, split.validation, split.listed, task.file.texts
        )
        create_selector = partial(Selection, split=task.split, seed=seed) if task.options.select else None
        result = self._measure(self.runs.train(self.model, self.run, read_data, create_selector), images)
        self.runs.save_result(self.model.method, self.measured, result)
        return result

    def _measure(self, trained: Trained[PersonalModel], images: ImageArray | None) -> Document:
        model, progress = trained.model, self.task.options.progress
        report_progress(f"{model.method}: embedding", progress)
        began = time.monotonic()
        items = embed_items(model, images, self.task.split.train.n_items, progress, self.task.file.texts)
        embedded = time.monotonic()
        report_progress(f"{model.method}: measuring", progress)
        users = model.user_vectors().float().cpu()
        figures = self.task.measure(users, items) | {"chances": self.task.measure_chances(users, items)}
        seconds = {"embed": embedded - began, "evaluate": time.monotonic() - embedded}
        return compare.build_result(trained, figures, seconds)
