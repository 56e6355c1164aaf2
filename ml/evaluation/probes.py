"""What simple classifiers read out of vectors: a linear SVM and the nearest neighbours."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from ml.evaluation.metrics import majority, similarities

PENALTIES: Sequence[float] = (1e-3, 1e-2, 1e-1, 1.0, 10.0)
NEIGHBOURS = 3
SEEDS = 3
PARTS = ("train", "validation", "test")


def linear_probe(vectors: Tensor, classes: np.ndarray, seed: int = 0) -> np.ndarray:
    """Whether a linear classifier trained on half of the pictures is right on each of the other half.

    One-vs-rest squared hinge on standardised features, as LIBLINEAR's default SVM; C chosen on a fifth of the
    training half. vectors: (N, D). classes: (N,), -1 where missing. Returns one 0 or 1 a tested picture.
    """
    labelled = np.flatnonzero(classes >= 0)
    shuffled = np.random.default_rng(seed).permutation(labelled)
    train, test = np.array_split(shuffled, 2)
    fitted, chosen_on = np.split(train, [round(0.8 * len(train))])
    x, y = _standardised(vectors, train), torch.from_numpy(classes)
    weights = _svm(x[train], y[train], _best_penalty(x, y, fitted, chosen_on))
    return (_predict(x, weights)[test] == y[test]).numpy().astype(float)


def accuracies(vectors: Tensor, classes: np.ndarray, metric: str, seed: int = 0) -> dict[str, Any]:
    """What the AGE poster shows: a linear SVM's and the nearest three's accuracy on three parts of the pictures.

    60 % train, 20 % validation, on which C is chosen, 20 % test; means over three such divisions. No picture is its
    own neighbour. "majority" is the share of the test pictures that have the most frequent class of the training ones.
    """
    runs = [_accuracies(vectors, classes, metric, seed + number) for number in range(SEEDS)]
    means = {probe: {part: float(np.mean([run[probe][part] for run in runs])) for part in PARTS} for probe in runs[0]}
    return {"svm": means["svm"], "knn": means["knn"], "majority": means["majority"]["test"]}


def _accuracies(vectors: Tensor, classes: np.ndarray, metric: str, seed: int) -> dict[str, dict[str, float]]:
    labelled = np.random.default_rng(seed).permutation(np.flatnonzero(classes >= 0))
    cuts = [round(0.6 * len(labelled)), round(0.8 * len(labelled))]
    parts = dict(zip(PARTS, np.split(labelled, cuts), strict=True))
    train, y = parts["train"], torch.from_numpy(classes)
    x = _standardised(vectors, train)
    weights = _svm(x[train], y[train], _best_penalty(x, y, train, parts["validation"]))
    guesses = {
        "svm": _predict(x, weights),
        "knn": _nearest(vectors, y, train, metric),
        "majority": torch.full_like(y, int(np.bincount(classes[train]).argmax())),
    }
    return {
        probe: {part: (guess[rows] == y[rows]).float().mean().item() for part, rows in parts.items()}
        for probe, guess in guesses.items()
    }


def _nearest(vectors: Tensor, y: Tensor, train: np.ndarray, metric: str) -> Tensor:
    """(N,) the majority class of the nearest training pictures."""
    among, guesses = torch.from_numpy(train), []
    for chunk in torch.arange(len(vectors)).split(1024):
        similar = similarities(vectors[chunk], vectors[among], metric)
        similar[chunk[:, None] == among] = -torch.inf
        similar, order = similar.topk(min(NEIGHBOURS, len(among) - 1), dim=1)
        guesses.append(majority(y[among][order], similar, NEIGHBOURS, int(y.max()) + 1))
    return torch.cat(guesses)


def _standardised(vectors: Tensor, train: np.ndarray) -> Tensor:
    """(N, D + 1): mean 0 and deviation 1 on the training rows, and a column of ones."""
    mean, deviation = vectors[train].mean(dim=0), vectors[train].std(dim=0)
    deviation = deviation.where(deviation > 1e-6, 1.0)  # what does not vary there would be blown up elsewhere
    return torch.cat([(vectors - mean) / deviation, torch.ones(len(vectors), 1)], dim=1)


def _best_penalty(x: Tensor, y: Tensor, fitted: np.ndarray, chosen_on: np.ndarray) -> float:
    right = {c: (_predict(x[chosen_on], _svm(x[fitted], y[fitted], c)) == y[chosen_on]).sum() for c in PENALTIES}
    return max(right, key=right.__getitem__)


def _predict(x: Tensor, weights: Tensor) -> Tensor:
    return (x @ weights).argmax(dim=1)


def _svm(x: Tensor, y: Tensor, c: float) -> Tensor:
    """(D + 1, C) weights, bias last."""
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
