"""Scores of distances, and vectors made ready for comparison."""

import math
from collections.abc import Sequence

import numpy as np

from recommender.models import Metric, ModelVersion

UNFITTED = (1.0, 0.0, 1.0)  # slope, offset and highest chance


def score(version: ModelVersion, distance: float) -> float:
    """Return a distance as a score from 0 to 1, higher is better.

    An inner product becomes the chance of `taken_probability`.
    """
    if version.metric == Metric.COSINE:
        return min(max(1 - distance / 2, 0.0), 1.0)
    if version.metric == Metric.EUCLIDEAN:  # two products by chance are about 1 apart, and score .5
        return 1 / (1 + distance)
    return taken_probability(version, -distance)  # the operator gives minus the inner product


def taken_probability(version: ModelVersion, inner_product: float) -> float:
    """Return the chance that a product which scores so is what a shopper takes.

    It is that of a choice of two: of a product that a shopper took later and one drawn at random from those that the
    shopper has not taken. Fitted at the end of a training (ml.evaluation.calibration); in versions from before there
    were such chances, the sigmoid of the inner product, which is too high.
    """
    slope, offset, _ = version.match_curves.get("taken", UNFITTED)
    return 1 / (1 + math.exp(max(min(-(slope * inner_product + offset), 700.0), -700.0)))


def limited_probability(version: ModelVersion, inner_product: float) -> float | None:
    """Return that chance, but no higher than among the products that scored highest; None where none was fitted.

    What was made to score high scores higher than any product did, so that no evidence reaches as far.
    """
    if "taken" not in version.match_curves:
        return None
    return float(min(taken_probability(version, inner_product), version.match_curves["taken"][2]))


def closeness(score: np.ndarray) -> np.ndarray:
    """Return what the log-odds of a match are linear in: 0 for a score of 0, the larger the nearer it is to 1."""
    return np.asarray(-np.log(np.maximum(1 - score, 1e-4)))


def match_probability(curve: Sequence[float], score: float) -> float:
    """Return the probability of a match at this score. curve: slope and offset, fitted by recommender.workers."""
    slope, offset = curve
    return float(1 / (1 + np.exp(-(slope * closeness(np.array(score)) + offset))))


def score_of_probability(curve: Sequence[float], probability: float) -> float:
    """Return the lowest score from 0 to 1 that has this probability; 1 if none has."""
    slope, offset = curve
    if slope == 0:
        return 0.0 if 1 / (1 + math.exp(-offset)) >= probability else 1.0
    return 1 - math.exp(-max((math.log(probability / (1 - probability)) - offset) / slope, 0.0))


def normalize_if_cosine(version: ModelVersion, vector: Sequence[float] | np.ndarray) -> np.ndarray:
    """Return the vectors (..., D) float32, of length 1 where the version's metric is the cosine."""
    array = np.asarray(vector, dtype=np.float32)
    if version.metric != Metric.COSINE:
        return array
    return np.asarray(array / (np.linalg.norm(array, axis=-1, keepdims=True) + 1e-12))
