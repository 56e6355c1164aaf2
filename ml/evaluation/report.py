"""A model's vectors to named figures with their intervals."""

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from torch import Tensor

from ml.evaluation import metrics
from ml.evaluation.metrics import Ranking
from ml.evaluation.probes import linear_probe

NEAREST = 5


@dataclass(frozen=True)
class Measures:
    metrics: dict[str, float] = field(default_factory=dict)
    intervals: dict[str, tuple[float, float]] = field(default_factory=dict)  # 95 %, of those that are means

    def as_dict(self) -> dict[str, dict[str, Any]]:
        return {"metrics": self.metrics, "intervals": {name: list(each) for name, each in self.intervals.items()}}

    def add(self, name: str, each: np.ndarray, seed: int) -> None:
        """The mean of a figure that each query or user has; none where it is undefined for all of them."""
        if np.isfinite(each).any():
            self.metrics[name] = float(np.nanmean(each))
            self.intervals[name] = metrics.bootstrap(each, seed)


def retrieval(
    vectors: Tensor, labels: dict[str, np.ndarray], metric: str, seed: int, ks: tuple[int, ...] = (NEAREST,)
) -> Measures:
    measures = Measures()
    for label, found in metrics.retrieval(vectors, labels, ks, metric=metric).items():
        for k in ks:
            measures.add(f"precision@{k}/{label}", found.precision[k], seed)
        # Where no class has two pictures there is no average precision.
        measures.add(f"map/{label}", found.average_precision, seed)
        measures.add(f"knn/{label}", found.right, seed)
        measures.add(f"linear/{label}", linear_probe(vectors, labels[label], seed), seed)
        macro = metrics.macro(found.precision[NEAREST], labels[label])
        if not math.isnan(macro):
            measures.metrics[f"precision@{NEAREST}-macro/{label}"] = macro
    return measures


def chance(labels: dict[str, np.ndarray], ks: tuple[int, ...] = (NEAREST,)) -> dict[str, float]:
    """What precision is for vectors without any meaning."""
    return {f"precision@{k}/{name}": metrics.chance_precision(c) for name, c in labels.items() for k in ks}


def ranking(found: Ranking, by_user: dict[str, np.ndarray], seed: int) -> Measures:
    """by_user: each user's own figures, NaN where they are not defined."""
    measures = of(by_user, seed)
    measures.metrics["coverage@10"] = metrics.coverage(found.top, found.n_items)
    measures.intervals["coverage@10"] = metrics.bootstrap_coverage(found.top, found.n_items, seed)
    return measures


def differences(ours: dict[str, np.ndarray], theirs: dict[str, np.ndarray], seed: int) -> Measures:
    """How much higher our figures are than theirs, user by user: pairs, of which the same users are drawn again."""
    return of({name: ours[name] - theirs[name] for name in ours}, seed)


def of(by_user: dict[str, np.ndarray], seed: int) -> Measures:
    """Means of figures that each user has, with their intervals."""
    measures = Measures()
    for name, each in by_user.items():
        measures.add(name, each, seed)
    return measures


def counts(labels: dict[str, np.ndarray]) -> dict[str, Any]:
    return {
        "labelled": {name: int((classes >= 0).sum()) for name, classes in labels.items()},
        "classes": {name: int(classes.max()) + 1 for name, classes in labels.items()},
    }


def only(labels: dict[str, np.ndarray], kept: np.ndarray) -> dict[str, np.ndarray]:
    """The labels of some of the pictures, without those that now tell nothing; classes counted from 0 again."""
    narrowed = {}
    for name, classes in labels.items():
        here, numbers = np.unique(classes[kept], return_inverse=True)
        if (here >= 0).sum() >= 2:
            narrowed[name] = numbers - int(here[0] < 0)
    return narrowed
