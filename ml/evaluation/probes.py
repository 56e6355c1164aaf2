"""Probes of vectors by simple classifiers: a linear SVM and the nearest neighbours.

The SVM is solved by L-BFGS on all classes at once. scikit-learn's LinearSVC gives the same accuracies within a few
points, but takes four times as long with 40 classes of 256 dimensions at C = 1, and its neighbours break ties by the
class's number and not by similarity.
"""

from collections.abc import Sequence
from typing import TypedDict

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from ml.evaluation.metrics import majority_class, similarities

PENALTIES: Sequence[float] = (1e-3, 1e-2, 1e-1, 1.0, 10.0)
NEIGHBOURS = 3
SEEDS = 3
PARTS = ("train", "validation", "test")


class Accuracies(TypedDict):
    svm: dict[str, float]  # by part
    knn: dict[str, float]
    majority: float


def run_linear_probe(vectors: Tensor, classes: np.ndarray, seed: int = 0) -> np.ndarray:
    """Train a linear classifier on half of the images; return for each of the other half 1 if it is correct, else 0.

    One-vs-rest squared hinge on standardized features, as LIBLINEAR's default SVM; C is chosen on a fifth of the
    training half. vectors: (N, D). classes: (N,), -1 where missing.
    """
    labelled = np.flatnonzero(classes >= 0)
    shuffled = np.random.default_rng(seed).permutation(labelled)
    train, test = np.array_split(shuffled, 2)
    fitted, chosen_on = np.split(train, [round(0.8 * len(train))])
    x, y = _standardize(vectors, train), torch.from_numpy(classes)
    weights = _fit_svm(x[train], y[train], _best_penalty(x, y, fitted, chosen_on))
    return (_predict(x, weights)[test] == y[test]).numpy().astype(float)


def probe_accuracies(vectors: Tensor, classes: np.ndarray, metric: str, seed: int = 0) -> Accuracies:
    """Measure the accuracies of a linear SVM and of the three nearest neighbours, as the AGE poster does.

    60 % train, 20 % validation, on which C is chosen, 20 % test; means over three random divisions. No image is its
    own neighbour. "majority" is the share of test images that have the most frequent class of the training images.
    """
    runs = [_accuracies(vectors, classes, metric, seed + number) for number in range(SEEDS)]
    means = {probe: {part: float(np.mean([run[probe][part] for run in runs])) for part in PARTS} for probe in runs[0]}
    return {"svm": means["svm"], "knn": means["knn"], "majority": means["majority"]["test"]}


def _accuracies(vectors: Tensor, classes: np.ndarray, metric: str, seed: int) -> dict[str, dict[str, float]]:
    labelled = np.random.default_rng(seed).permutation(np.flatnonzero(classes >= 0))
    cuts = [round(0.6 * len(labelled)), round(0.8 * len(labelled))]
    parts = dict(zip(PARTS, np.split(labelled, cuts), strict=True))
    train, y = parts["train"], torch.from_numpy(classes)
    x = _standardize(vectors, train)
    weights = _fit_svm(x[train], y[train], _best_penalty(x, y, train, parts["validation"]))
    predictions = {
        "svm": _predict(x, weights),
        "knn": _predict_nearest(vectors, y, train, metric),
        "majority": torch.full_like(y, int(np.bincount(classes[train]).argmax())),
    }
    return {
        probe: {part: (predicted[rows] == y[rows]).float().mean().item() for part, rows in parts.items()}
        for probe, predicted in predictions.items()
    }


def _predict_nearest(vectors: Tensor, y: Tensor, train: np.ndarray, metric: str) -> Tensor:
    """Return the (N,) majority classes of the nearest training images."""
    among, predicted = torch.from_numpy(train), []
    for chunk in torch.arange(len(vectors)).split(1024):
        similar = similarities(vectors[chunk], vectors[among], metric)
        similar[chunk[:, None] == among] = -torch.inf
        similar, order = similar.topk(min(NEIGHBOURS, len(among) - 1), dim=1)
        predicted.append(majority_class(y[among][order], similar, NEIGHBOURS, int(y.max()) + 1))
    return torch.cat(predicted)


def _standardize(vectors: Tensor, train: np.ndarray) -> Tensor:
    """Scale to mean 0 and deviation 1 on the training rows, and append a column of ones; return (N, D + 1)."""
    mean, deviation = vectors[train].mean(dim=0), vectors[train].std(dim=0)
    deviation = deviation.where(deviation > 1e-6, 1.0)  # a feature that is constant there would be magnified elsewhere
    return torch.cat([(vectors - mean) / deviation, torch.ones(len(vectors), 1)], dim=1)


def _best_penalty(x: Tensor, y: Tensor, fitted: np.ndarray, chosen_on: np.ndarray) -> float:
    correct = {}
    for c in PENALTIES:
        weights = _fit_svm(x[fitted], y[fitted], c)
        correct[c] = int((_predict(x[chosen_on], weights) == y[chosen_on]).sum())
    return max(correct, key=correct.__getitem__)


def _predict(x: Tensor, weights: Tensor) -> Tensor:
    return (x @ weights).argmax(dim=1)


def _fit_svm(x: Tensor, y: Tensor, c: float) -> Tensor:
    """Return (D + 1, C) weights, bias last."""
    signs = 2.0 * F.one_hot(y, int(y.max()) + 1) - 1
    weights = torch.zeros(x.shape[1], signs.shape[1], requires_grad=True)
    optimizer = torch.optim.LBFGS([weights], max_iter=40, line_search_fn="strong_wolfe")

    def objective() -> Tensor:
        optimizer.zero_grad()
        hinges = F.relu(1 - signs * (x @ weights)).square()
        loss = 0.5 * weights[:-1].square().sum() + c * hinges.sum()
        loss.backward()
        return loss

    optimizer.step(objective)
    return weights.detach()
