"""Scores of distances, and vectors made ready for comparison."""

import math
from collections.abc import Sequence

import numpy as np

from recommender.models import Metric, ModelVersion


def score(version: ModelVersion, distance: float) -> float:
    """Return a distance as a score from 0 to 1, higher is better.

    An inner product becomes the probability that the product beats an average one.
    """
    if version.metric == Metric.COSINE:
        return min(max(1 - distance / 2, 0.0), 1.0)
    if version.metric == Metric.EUCLIDEAN:  # two products by chance are about 1 apart, and score .5
        return 1 / (1 + distance)
    return 1 / (1 + math.exp(min(distance, 700.0)))  # the operator gives minus the inner product


def normalize_if_cosine(version: ModelVersion, vector: Sequence[float] | np.ndarray) -> np.ndarray:
    """Return the vectors (..., D) float32, of length 1 where the version's metric is the cosine."""
    array = np.asarray(vector, dtype=np.float32)
    if version.metric != Metric.COSINE:
        return array
    return np.asarray(array / (np.linalg.norm(array, axis=-1, keepdims=True) + 1e-12))
