"""Comparison of similar methods: `python -m ml compare retrieval` without the command line."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

from ml.benchmark import compare, contact_sheets
from ml.benchmark.altered import measure_altered
from ml.benchmark.compare import Document, Options
from ml.benchmark.runs import Trained, fingerprint, report_progress, stamp_images
from ml.benchmark.speed import get_image_size, measure_seconds_per_image
from ml.benchmark.tables import format_figure
from ml.contract import SimilarModel
from ml.data import vision_sets
from ml.data.datasets import ImageSet
from ml.data.images import ImageArray
from ml.data.published import label_shoe_classes
from ml.data.vision_sets import TEST, TRAIN
from ml.errors import BadData
from ml.evaluation import report
from ml.evaluation.baselines import list_shortfalls
from ml.evaluation.probes import probe_accuracies
from ml.nn.inference import embed_images

PAPERS_SAMPLE = 10_000  # images of UT-Zappos50K that the InfoGAN paper measures on


class DecodedImages:
    """A set of images with their pixels in the size that a method takes; those of one size are in memory at a time."""

    def __init__(self, images: ImageSet, size: tuple[int, int], progress: bool) -> None:
        """Decode the images; those that cannot be read are left out from here on."""
        class_names = [images.class_names_of(label) for label in images.labels]
        self.fingerprint = fingerprint(stamp_images(images.sources), class_names)
        self.progress = progress
        self.images, self._pixels = images.decode(size, progress)
        self._size = size

    def decode(self, size: tuple[int, int]) -> ImageArray:
        """Return the pixels in this size."""
        if self._size != size:
            self._size, self._pixels = size, ImageArray.decode(self.images.sources, size, progress=self.progress)
        return self._pixels


@dataclass(frozen=True)
class Part:
    """Some of the test images, each of them a query among the others of these."""

    title: str  # "LABEL=VALUE", or "" for all of them
    indices: np.ndarray
    labels: dict[str, np.ndarray]  # of these images
    class_names: Mapping[str, Sequence[str]]  # by label; empty where a part's classes are numbered anew

    def describe(self, results: Sequence[Document], ks: tuple[int, ...]) -> Document:
        """Return what the document has about this part. results: each method's figures on it."""
        metrics = {result["method"]: result["metrics"] for result in results}
        return {
            "data": report.count_labels(self.labels),
            "chance": {"metrics": report.compute_random_baseline(self.labels, ks)},
            "below_floors": list_shortfalls(metrics),
        }


def compare_retrieval(train: str | Path, test: str | Path, options: Options) -> Document:
    """Train each method on one set of images without its labels; query the other set with each of its images."""
    models = compare.create_models(options, SimilarModel)
    sets = [vision_sets.read(train, TRAIN), _sample(vision_sets.read(test, TEST), options)]
    report_progress("reading the pictures", options.progress)
    trained_on, tested = (DecodedImages(each, get_image_size(models[0]), options.progress) for each in sets)
    if not tested.images.labels:
        raise BadData(f"{test}: no label distinguishes the pictures; it takes two classes or more")
    labelled = _select_labels(tested.images, options)
    parts = _split_parts(tested.images, labelled, options)
    studies = [_Study(model, trained_on, tested, labelled, parts, options) for model in models]
    not_run = compare.find_missing_weights(studies, options.progress)
    results = [study.result() for study in studies if study.model.method not in not_run]
    everything, *narrower = (part.describe([_of_part(each, part) for each in results], _ks(options)) for part in parts)
    data = {
        "train_images": len(trained_on.images.names),
        "test_images": len(tested.images.names),
        "train_failed": trained_on.images.failed,
        "test_failed": tested.images.failed,
    }
    document = compare.build_document("retrieval", options, results, everything | {"data": data | everything["data"]})
    titles = [part.title for part in parts[1:]]
    return document | {"as": options.form, "not_run": not_run, "where": dict(zip(titles, narrower, strict=True))}


def _select_labels(images: ImageSet, options: Options) -> ImageSet:
    if options.labels:
        return images.with_labels(options.labels)
    return (label_shoe_classes(images) if options.form == "table-2" else None) or images


def _sample(images: ImageSet, options: Options) -> ImageSet:
    """Return as many of the labelled images as are measured, drawn by the seed; all images if there are no more."""
    size = options.sample or (PAPERS_SAMPLE if options.form == "table-2" else None)
    labels = _select_labels(images, options).labels.values()
    if size is None or not labels:
        return images
    labelled = np.flatnonzero(np.any([classes >= 0 for classes in labels], axis=0))
    if len(labelled) <= size:
        return images
    return images.select(np.sort(np.random.default_rng(options.training.seed).permutation(labelled)[:size]).tolist())


def _ks(options: Options) -> tuple[int, ...]:
    return (1, 5, 10) if options.form == "table-2" else (5,)


def _of_part(result: Document, part: Part) -> Document:
    return {"method": result["method"], **(result["where"][part.title] if part.title else result)}


def _split_parts(images: ImageSet, labelled: ImageSet, options: Options) -> list[Part]:
    """Return the part of all images, then that of each `where`."""
    parts = [Part("", np.arange(len(images.names)), labelled.labels, labelled.class_names)]
    for label, value in options.where:
        indices = images.find(label, value)
        if not (narrowed := report.narrow_labels(labelled.labels, indices)):
            raise BadData(f"where {label} is {value}, no label distinguishes the pictures")
        parts.append(Part(f"{label}={value}", indices, narrowed, {}))
    return parts


@dataclass
class _Study:
    """One method, from its training to its figures and its sheet; nothing is done again that was saved."""

    model: SimilarModel
    trained_on: DecodedImages
    tested: DecodedImages
    images: ImageSet  # those tested, with the labels that are measured by
    parts: Sequence[Part]
    options: Options

    def __post_init__(self) -> None:
        options, method = self.options, self.model.method
        self.runs = options.runs
        self.run = self.runs.compute_key(self.model, self.trained_on.fingerprint)
        measures = (options.labels, options.where, options.form, *(["altered"] if options.altered else []))
        self.measured = fingerprint(self.run, self.tested.fingerprint, *measures)
        self.saved = self.runs.find_result(method, self.measured)
        self.sheet = options.pictures / f"{method}.png" if options.pictures else None
        self.is_drawn = self.sheet is None or contact_sheets.read_run(self.sheet) == self.measured

    def check(self) -> None:
        """Raise BadWeights if the method must be trained and its weights are missing."""
        is_finished = self.saved is not None and self.is_drawn
        if not is_finished and not self.runs.find_training(self.model, self.run):
            self.model.check()

    def result(self) -> Document:
        """Return the saved result, or train, measure and draw the method."""
        result = self.saved
        if result is not None and self.is_drawn:
            return result
        size = get_image_size(self.model)
        trained = self.runs.train(self.model, self.run, partial(self.trained_on.decode, size))
        self._report("embedding")
        pixels = self.tested.decode(size)
        began = time.monotonic()
        vectors = embed_images(trained.model, pixels, self.options.progress)
        if result is None:
            result = self._measure(trained, vectors, time.monotonic() - began)
            self.runs.save_result(self.model.method, self.measured, result)
        if self.sheet is not None and not self.is_drawn:
            self._report(f"drawing {self.sheet}")
            self._draw(self.sheet, trained, vectors, result)
        return result

    def _measure(self, trained: Trained[SimilarModel], vectors: Tensor, embedding: float) -> Document:
        self._report("measuring")
        model, seed = trained.model, self.options.training.seed
        began = time.monotonic()
        everything, *narrower = (self._figures(vectors[part.indices], part, seed) for part in self.parts)
        seconds = {"embed": embedding, "evaluate": time.monotonic() - began}
        return {
            **compare.build_result(trained, everything, seconds),
            **self._costs(model),
            **self._altered(model, vectors),
            "megabytes": sum(t.numel() * t.element_size() for t in model.state_dict().values()) / 1e6,
            "images_per_second": len(vectors) / embedding,
            "where": {part.title: each for part, each in zip(self.parts[1:], narrower, strict=True)},
        }

    def _figures(self, vectors: Tensor, part: Part, seed: int) -> dict[str, Any]:
        metric, form = self.model.metric, self.options.form
        measures = report.measure_retrieval(vectors, part.labels, metric, seed, _ks(self.options))
        figures: dict[str, Any] = {**measures.as_dict()}
        if form == "table-2" and part.class_names:
            figures["by_class"] = {
                label: {part.class_names[label][number]: precision for number, precision in means.items()}
                for label, means in measures.by_class.items()
            }
        if form == "probes":
            figures["probes"] = {
                name: probe_accuracies(vectors, classes, metric, seed) for name, classes in part.labels.items()
            }
        return figures

    def _costs(self, model: SimilarModel) -> dict[str, float]:
        if self.options.form != "table-2":
            return {}
        self._report("timing single pictures on one core")
        return {"seconds_per_image": measure_seconds_per_image(model, self.tested.decode(get_image_size(model)))}

    def _altered(self, model: SimilarModel, vectors: Tensor) -> Document:
        if not self.options.altered:
            return {}
        self._report("searching by altered pictures")
        seed, progress = self.options.training.seed, self.options.progress
        return {"altered": measure_altered(model, vectors, self.images.sources, seed, progress)}

    def _draw(self, sheet: Path, trained: Trained[SimilarModel], vectors: Tensor, result: Document) -> None:
        images = self.images
        # The finest label says most about two images that share it, unless the user has named one.
        finest = max(images.labels, key=lambda label: len(images.class_names[label]))
        label = self.options.labels[0] if self.options.labels else finest
        facts = (
            f"{result['dimensions']} numbers a picture, {trained.model.metric} distance · "
            f"{trained.epochs} {'epoch' if trained.epochs == 1 else 'epochs'}, trained in {trained.seconds:.0f} s · "
            f"precision@5 of {label}: {format_figure(result['metrics'].get(f'precision@5/{label}'))}"
        )
        pixels = self.tested.decode(get_image_size(trained.model))
        shown = contact_sheets.SheetImages(images.sources, pixels, images.class_names_of(label))
        sheet.parent.mkdir(parents=True, exist_ok=True)
        seed = self.options.training.seed
        contact_sheets.draw_sheet(sheet, self.measured, trained.model, vectors, shown, trained.losses, facts, seed)

    def _report(self, what: str) -> None:
        report_progress(f"{self.model.method}: {what}", self.options.progress)
