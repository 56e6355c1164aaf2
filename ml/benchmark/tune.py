"""A grid of one method's settings, measured on validation items: `python -m ml tune` without the command line."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np

from ml.benchmark import compare
from ml.benchmark.compare import Document, Options
from ml.benchmark.recommend import Study, Task, decode_for, forget_users, split_or_raise, stamp_data
from ml.benchmark.runs import fingerprint, report_progress
from ml.benchmark.tables import align, format_figure
from ml.contract import PersonalModel
from ml.data.conversion import ensure_converted
from ml.data.interaction_files import read_interaction_file
from ml.data.interactions import Split
from ml.errors import BadSetting

BEST = "*"


def tune(data: Path, options: Options, grid: Mapping[str, Sequence[str]], by: str) -> Document:
    """Train the method of the options with each combination of settings; rank each user's validation item.

    The test items are neither trained on nor looked at. grid: values by setting. by: the metric of the best.
    """
    (method,) = options.methods
    combinations = [dict(zip(grid, values, strict=True)) for values in product(*grid.values())]
    each = [replace(options, settings=settings, results=_folder(options, settings)) for settings in combinations]
    models = [compare.create_models(one, PersonalModel)[0] for one in each]  # before any is trained
    file = read_interaction_file(ensure_converted(data) if data.suffix == ".npy" else data, options.positive)
    stamp = fingerprint("tune", stamp_data(file, options))
    file, arrays = decode_for(models, file, options.progress)
    split = forget_test(split_or_raise(data, file, options))
    tasks = [Task(file, arrays, split, one) for one in each]
    if by not in (names := tasks[0].measure_random_baseline()["metrics"]):
        raise BadSetting(f"--by is {by!r}; it takes one of: {', '.join(names)}")
    studies = [Study(model, task, stamp) for model, task in zip(models, tasks, strict=True)]
    for study in studies:
        study.check()
    results = []
    for number, (study, settings) in enumerate(zip(studies, combinations, strict=True), 1):
        report_progress(f"{number} of {len(studies)}: {_name(settings)}", options.progress)
        results.append({"settings": settings, **study.result()})
    for result in results:
        forget_users(result)
    counts = {"users": split.train.n_users, "items": split.train.n_items, "validation": len(split.test)}
    best = max(results, key=lambda result: result["metrics"][by])["settings"]
    facts = {"data": counts | {"train": len(split.train)}, "method": method, "by": by, "best": best}
    return compare.build_document("tune", options, results, facts)


def _folder(options: Options, settings: Mapping[str, str]) -> Path | None:
    if options.results is None:
        return None
    folder = options.results / fingerprint(settings)[:16]
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def forget_test(split: Split) -> Split:
    """Return the split with validation in the place of the test, which is left out."""
    nothing = split.validation.select(np.zeros(0, dtype=int))
    return Split(split.train, nothing, split.validation, split.listed)


def _name(settings: Mapping[str, str]) -> str:
    return ", ".join(f"{name}={value}" for name, value in settings.items()) or "the defaults"


def format_tuning_table(document: Document) -> str:
    """Format a row for each combination, the best one marked, in the order of the grid."""
    results = document["results"]
    settings, names = list(results[0]["settings"]), list(results[0]["metrics"])
    rows = [["", *settings, *names, "seconds trained"]]
    for result in results:
        figures = [format_figure(result["metrics"][name], result["intervals"][name]) for name in names]
        mark = BEST if result["settings"] == document["best"] else ""
        rows.append([mark, *result["settings"].values(), *figures, f"{result['seconds']['train']:.0f}"])
    return f"{align(rows)}\n{BEST} best by {document['by']} on the validation items; the test items were not looked at"
