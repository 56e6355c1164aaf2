"""Named figures of a model's vectors with their confidence intervals."""

import math
from dataclasses import dataclass, field
from typing import TypedDict

import numpy as np
from torch import Tensor

from ml.evaluation import metrics
from ml.evaluation.metrics import Ranking
from ml.evaluation.probes import run_linear_probe

NEAREST = 5


class Figures(TypedDict):
    metrics: dict[str, float]
    intervals: dict[str, list[float]]  # 95 %, (low, high), of those that are means


class Group(Figures):
    users: int


class Counts(TypedDict):
    labelled: dict[str, int]  # by label
    classes: dict[str, int]


@dataclass(frozen=True)
class Measures:
    """Figures by name, and the 95 % intervals of those that are means."""

    metrics: dict[str, float] = field(default_factory=dict)
    intervals: dict[str, tuple[float, float]] = field(default_factory=dict)
    by_class: dict[str, dict[int, float]] = field(default_factory=dict)  # by label: precision of each class

    def as_dict(self) -> Figures:
        """Return the figures as they stand in a result document."""
        return {"metrics": self.metrics, "intervals": {name: list(each) for name, each in self.intervals.items()}}

    def add(self, name: str, each: np.ndarray, seed: int) -> None:
        """Add the mean of a figure over queries or users, unless it is undefined for all of them."""
        if np.isfinite(each).any():
            self.metrics[name] = float(np.nanmean(each))
            self.intervals[name] = metrics.bootstrap(each, seed)


def measure_retrieval(
    vectors: Tensor, labels: dict[str, np.ndarray], metric: str, seed: int, ks: tuple[int, ...] = (NEAREST,)
) -> Measures:
    """Measure retrieval, the nearest-neighbour class and a linear probe for each label. vectors: (N, D)."""
    measures = Measures()
    for label, found in metrics.evaluate_retrieval(vectors, labels, ks, metric=metric).items():
        for k in ks:
            measures.add(f"precision@{k}/{label}", found.precision[k], seed)
        # Where no class has two pictures there is no average precision.
        measures.add(f"map/{label}", found.average_precision, seed)
        measures.add(f"knn/{label}", found.correct, seed)
        measures.add(f"linear/{label}", run_linear_probe(vectors, labels[label], seed), seed)
        measures.by_class[label] = metrics.average_classes(found.precision[NEAREST], labels[label])
        macro = metrics.macro_average(found.precision[NEAREST], labels[label])
        if not math.isnan(macro):
            measures.metrics[f"precision@{NEAREST}-macro/{label}"] = macro
    return measures


def compute_random_baseline(labels: dict[str, np.ndarray], ks: tuple[int, ...] = (NEAREST,)) -> dict[str, float]:
    """Return the expected precision of random vectors."""
    return {f"precision@{k}/{name}": metrics.random_precision(c) for name, c in labels.items() for k in ks}


def measure_ranking(found: Ranking, by_user: dict[str, np.ndarray], seed: int) -> Measures:
    """Average users' figures, and add how much of the catalogue the lists have and how popular what they have is.

    by_user: (V,) figures by name, NaN where they are not defined.
    """
    measures = average(by_user, seed)
    measures.metrics["coverage@10"] = metrics.coverage(found.top, found.n_items)
    measures.intervals["coverage@10"] = metrics.bootstrap_coverage(found.top, found.n_items, seed)
    measures.add("popularity@10", found.popularity, seed)
    return measures


def measure_groups(by_user: dict[str, np.ndarray], groups: dict[str, np.ndarray], seed: int) -> dict[str, Group]:
    """Average the figures (V,) of each group's users, for itself; by its name. groups: marks (V,)."""
    found: dict[str, Group] = {}
    for name, members in groups.items():
        measures = average({figure: each[members] for figure, each in by_user.items()}, seed)
        found[name] = {"users": int(members.sum()), **measures.as_dict()}
    return found


def average_differences(ours: dict[str, np.ndarray], theirs: dict[str, np.ndarray], seed: int) -> Measures:
    """Average the paired differences of users' figures, ours minus theirs, with intervals over the pairs."""
    return average({name: ours[name] - theirs[name] for name in ours}, seed)


def average(by_user: dict[str, np.ndarray], seed: int) -> Measures:
    """Average users' figures, with intervals."""
    measures = Measures()
    for name, each in by_user.items():
        measures.add(name, each, seed)
    return measures


def count_labels(labels: dict[str, np.ndarray]) -> Counts:
    """Count the labelled images and the classes of each label."""
    return {
        "labelled": {name: int((classes >= 0).sum()) for name, classes in labels.items()},
        "classes": {name: int(classes.max()) + 1 for name, classes in labels.items()},
    }


def narrow_labels(labels: dict[str, np.ndarray], indices: np.ndarray) -> dict[str, np.ndarray]:
    """Return the labels of some of the images, renumbered from 0, without labels that have one class there."""
    narrowed = {}
    for name, classes in labels.items():
        here, numbers = np.unique(classes[indices], return_inverse=True)
        if (here >= 0).sum() >= 2:
            narrowed[name] = numbers - int(here[0] < 0)
    return narrowed
