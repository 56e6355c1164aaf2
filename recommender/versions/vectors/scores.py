"""Turn distances into scores."""

import math

from recommender.models import Metric, ModelVersion


def score(version: ModelVersion, distance: float) -> float:
    """A distance as 0 to 1, higher is better; an inner product as the chance that the product beats an average one."""
    if version.metric == Metric.COSINE:
        return min(max(1 - distance / 2, 0.0), 1.0)
    if version.metric == Metric.EUCLIDEAN:  # two products by chance are about 1 apart, and score .5
        return 1 / (1 + distance)
    return 1 / (1 + math.exp(min(distance, 700.0)))  # the operator gives minus the inner product
