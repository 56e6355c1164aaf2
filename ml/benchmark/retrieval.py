"""`python -m ml compare retrieval` without the command line."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

from ml.benchmark import compare, contact_sheets
from ml.benchmark.compare import Options
from ml.benchmark.runs import Trained, fingerprint, say, stamps
from ml.benchmark.speed import seconds_per_image
from ml.benchmark.tables import figure
from ml.contract import Model
from ml.data import vision_sets
from ml.data.datasets import ImageSet
from ml.data.images import ImageArray
from ml.data.published import shoe_classes
from ml.data.vision_sets import TEST, TRAIN
from ml.errors import BadData
from ml.evaluation import report
from ml.evaluation.baselines import shortfalls
from ml.evaluation.probes import accuracies
from ml.nn.inference import embed_images


class Pictures:
    """ImageSet, and their pixels in the size that a method wants; those of one size are kept at a time."""

    def __init__(self, photos: ImageSet, size: tuple[int, int], progress: bool) -> None:
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

    def described(self, results: Sequence[dict[str, Any]], ks: tuple[int, ...]) -> dict[str, Any]:
        """What the document says of it. results: each method's figures here."""
        metrics = {result["method"]: result["metrics"] for result in results}
        return {
            "data": report.counts(self.labels),
            "chance": {"metrics": report.chance(self.labels, ks)},
            "below_floors": shortfalls(metrics),
        }


def compare_retrieval(train: str | Path, test: str | Path, options: Options) -> dict[str, Any]:
    """Train each method on one set of pictures without its labels; query each picture of the other against the rest."""
    models = compare.models(options, "similar")
    photos = [vision_sets.read(train, TRAIN), vision_sets.read(test, TEST)]
    say("reading the pictures", options.progress)
    learned, tested = (Pictures(each, models[0].image_size, options.progress) for each in photos)
    if not tested.photos.labels:
        raise BadData(f"{test}: no label tells one picture from another; it takes two classes or more")
    photos = _labelled(tested.photos, options)
    parts = _parts(tested.photos, photos, options)
    studies = [_Study(model, learned, tested, photos, parts, options) for model in models]
    not_run = compare.without_weights(studies, options.progress)
    results = [study.result() for study in studies if study.model.method not in not_run]
    everything, *narrower = (part.described([_of(each, part) for each in results], _ks(options)) for part in parts)
    data = {
        "train_images": len(learned.photos.names),
        "test_images": len(tested.photos.names),
        "train_failed": learned.photos.failed,
        "test_failed": tested.photos.failed,
    }
    document = compare.document("retrieval", options, results, everything | {"data": data | everything["data"]})
    titles = [part.title for part in parts[1:]]
    return document | {"as": options.form, "not_run": not_run, "where": dict(zip(titles, narrower, strict=True))}


def _labelled(photos: ImageSet, options: Options) -> ImageSet:
    if options.labels:
        return photos.with_labels(options.labels)
    return (shoe_classes(photos) if options.form == "table-2" else None) or photos


def _ks(options: Options) -> tuple[int, ...]:
    return (1, 5, 10) if options.form == "table-2" else (5,)


def _of(result: dict[str, Any], part: Part) -> dict[str, Any]:
    return {"method": result["method"], **(result["where"][part.title] if part.title else result)}


def _parts(photos: ImageSet, labelled: ImageSet, options: Options) -> list[Part]:
    """All the pictures, then those of each `where`."""
    parts = [Part("", np.arange(len(photos.names)), labelled.labels)]
    for label, value in options.where:
        kept = photos.where(label, value)
        if not (narrowed := report.only(labelled.labels, kept)):
            raise BadData(f"where {label} is {value}, no label tells one picture from another")
        parts.append(Part(f"{label}={value}", kept, narrowed))
    return parts


@dataclass
class _Study:
    """One method, from its training to its figures and its sheet; nothing that was done before is done again."""

    model: Model
    learned: Pictures
    tested: Pictures
    photos: ImageSet  # those tested, with the labels that are measured by
    parts: Sequence[Part]
    options: Options

    def __post_init__(self) -> None:
        asked, method = self.options, self.model.method
        self.runs = asked.runs
        self.run = self.runs.key(self.model, self.learned.fingerprint)
        self.measured = fingerprint(self.run, self.tested.fingerprint, asked.labels, asked.where, asked.form)
        self.kept = self.runs.result(method, self.measured)
        self.sheet = asked.pictures / f"{method}.png" if asked.pictures else None
        self.is_drawn = self.sheet is None or contact_sheets.run_of(self.sheet) == self.measured
        self.is_finished = self.kept is not None and self.is_drawn

    def check(self) -> None:
        """Raises BadWeights if it is to be trained, and cannot be."""
        if not self.is_finished and not self.runs.training_of(self.model, self.run):
            self.model.check()

    def result(self) -> dict[str, Any]:
        if self.is_finished:
            return self.kept
        trained = self.runs.train(self.model, self.run, partial(self.learned.at, self.model.image_size))
        self._say("embedding")
        pixels = self.tested.at(self.model.image_size)
        began = time.monotonic()
        vectors = embed_images(trained.model, pixels, self.options.progress)
        result = self.kept
        if result is None:
            result = self._measured(trained, vectors, time.monotonic() - began)
            self.runs.keep(self.model.method, self.measured, result)
        if not self.is_drawn:
            self._say(f"drawing {self.sheet}")
            self._draw(trained, vectors, result)
        return result

    def _measured(self, trained: Trained, vectors: Tensor, embedding: float) -> dict[str, Any]:
        self._say("measuring")
        model, seed = trained.model, self.options.training.seed
        began = time.monotonic()
        everything, *narrower = (self._figures(vectors[part.kept], part.labels, seed) for part in self.parts)
        seconds = {"embed": embedding, "evaluate": time.monotonic() - began}
        return (
            compare.result(trained, everything, seconds)
            | self._costs(model)
            | {
                "megabytes": sum(t.numel() * t.element_size() for t in model.state_dict().values()) / 1e6,
                "images_per_second": len(vectors) / embedding,
                "where": {part.title: each for part, each in zip(self.parts[1:], narrower, strict=True)},
            }
        )

    def _figures(self, vectors: Tensor, labels: dict[str, np.ndarray], seed: int) -> dict[str, Any]:
        figures = report.retrieval(vectors, labels, self.model.metric, seed, _ks(self.options)).as_dict()
        if self.options.form != "probes":
            return figures
        probes = {name: accuracies(vectors, classes, self.model.metric, seed) for name, classes in labels.items()}
        return figures | {"probes": probes}

    def _costs(self, model: Model) -> dict[str, float]:
        if self.options.form != "table-2":
            return {}
        self._say("timing single pictures on one core")
        return {"seconds_per_image": seconds_per_image(model, self.tested.at(model.image_size))}

    def _draw(self, trained: Trained, vectors: Tensor, result: dict[str, Any]) -> None:
        photos = self.photos
        # The finest label says most of two pictures that share it, unless the user has named one.
        finest = max(photos.labels, key=lambda label: len(photos.words[label]))
        label = self.options.labels[0] if self.options.labels else finest
        facts = (
            f"{result['dimensions']} numbers a picture, {trained.model.metric} distance · "
            f"{trained.epochs} {'epoch' if trained.epochs == 1 else 'epochs'}, trained in {trained.seconds:.0f} s · "
            f"precision@5 of {label}: {figure(result['metrics'].get(f'precision@5/{label}'))}"
        )
        shown = contact_sheets.Shown(photos.sources, self.tested.at(trained.model.image_size), photos.words_of(label))
        self.sheet.parent.mkdir(parents=True, exist_ok=True)
        seed = self.options.training.seed
        contact_sheets.draw(self.sheet, self.measured, trained.model, vectors, shown, trained.losses, facts, seed)

    def _say(self, what: str) -> None:
        say(f"{self.model.method}: {what}", self.options.progress)
