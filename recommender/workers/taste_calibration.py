"""Chances that products are taken, compared with what shoppers took since a version was trained. Workers only."""

from collections.abc import Sequence

import numpy as np
import torch

from ml.data.interactions import Interactions, Split
from ml.evaluation.calibration import Bin, Curve, Trials, reliability
from ml.evaluation.calibration import calibration_error as calibration_error
from recommender.models import ImageEmbedding, ModelVersion, ShopperVector
from recommender.operations.training_checks import positive_interactions
from recommender.versions.vectors import nearest
from recommender.versions.vectors.scores import UNFITTED

MOST_SHOPPERS = 2000  # drawn of those who took something since
MOST_PRODUCTS = 5000  # that are drawn from, beside those taken
LEAST_TRIALS = 20  # with fewer a share says nothing


def later_trials(version: ModelVersion, seed: int = 0) -> Trials:
    """Compute scores of what shoppers took first after a version was trained, and of products that they never took.

    By the tastes that were learned in the training.
    """
    products = set(ImageEmbedding.objects.filter(version=version).values_list("product", flat=True))
    known = set(ShopperVector.objects.filter(version=version).values_list("shopper", flat=True))
    taken: dict[int, list[int]] = {}
    first: dict[int, tuple[float, int]] = {}
    assert version.finished_at is not None  # of a version that can serve
    for shopper, product, when, _ in positive_interactions(products):
        if shopper in known:
            taken.setdefault(shopper, []).append(product)
            if when > version.finished_at:
                first[shopper] = min(first.get(shopper, (np.inf, 0)), (when.timestamp(), product))
    rng = np.random.default_rng(seed)
    shoppers = sorted(rng.permutation(sorted(first))[:MOST_SHOPPERS].tolist())
    drawn = rng.permutation(sorted(products))[:MOST_PRODUCTS].tolist()
    vectors = nearest.vectors_of(version, {*drawn, *(product for shopper in shoppers for product in taken[shopper])})
    tastes = dict(ShopperVector.objects.filter(version=version, shopper__in=shoppers).values_list("shopper", "vector"))
    index = {product: number for number, product in enumerate(vectors)}
    later: list[tuple[int, int]] = []
    before: list[tuple[int, int]] = []
    for user, shopper in enumerate(shoppers):
        for product in taken[shopper]:
            if product in index:  # not one without a primary image
                (later if product == first[shopper][1] else before).append((user, index[product]))
    sizes = len(shoppers), len(index)
    split = Split(_pairs(before, *sizes), _pairs([], *sizes), _pairs(later, *sizes))
    users = _matrix([tastes[shopper] for shopper in shoppers], version)
    return Trials.draw(users, _matrix(list(vectors.values()), version), split, "test", seed)


def later_reliability(version: ModelVersion) -> tuple[list[Bin], int]:
    """Return how reliable the chances were since the training, and of how many products that shoppers took."""
    trials = later_trials(version)
    curve = Curve(*version.match_curves.get("taken", UNFITTED))
    return reliability(curve, trials), int(trials.taken.sum())


def _pairs(rows: list[tuple[int, int]], users: int, items: int) -> Interactions:
    columns = np.array(rows, dtype=int).reshape(-1, 2).T
    return Interactions(columns[0], columns[1], np.zeros(len(rows)), users, items)


def _matrix(rows: Sequence[Sequence[float] | np.ndarray], version: ModelVersion) -> torch.Tensor:
    return torch.tensor(np.array(rows, dtype=np.float32).reshape(len(rows), version.dimensions or 0))
