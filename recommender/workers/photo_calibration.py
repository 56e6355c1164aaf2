"""Chances that what comes nearest to a photo is the same product or of the same style. Workers only.

Fitted to images of the catalogue that were altered as people's photos differ from them, while some of the products
count as not in the shop, and to pictures that show no product.
"""

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from catalog.images import shrink_to_jpeg
from catalog.models import Product, ProductImage
from ml.data.alterations import alter, no_product
from ml.evaluation.calibration import bins_of as bins_of
from ml.evaluation.calibration import calibration_error as calibration_error
from recommender.models import ImageEmbedding, ModelVersion, Role
from recommender.serving.photos import PHOTO_PIXELS
from recommender.versions.vectors import scores
from recommender.workers.photos import search_of

TRIALS = 110  # images of the catalogue, spread over it: five of each alteration
NO_PRODUCTS = 0.33  # pictures of no product, for each of these
ABSENT = 0.4  # share of the images whose product counts as not in the shop
LEAST_CHANCE = 0.3  # of the same style, that a match has
LEAST_SCORE = 0.6  # of a match, whatever is fitted to the few images of a small shop: two products by chance score .5
FITTED, HELD_OUT = 0, 1  # seeds of the alterations


@dataclass(frozen=True)
class Trial:
    """A photo's best score, and whether what scored it is the product that the photo shows, or of its category."""

    score: float
    same_product: bool
    same_style: bool


def calibrate(version: ModelVersion) -> None:
    """Fit the chances of a similarity version, and the lowest score that counts as a match; nothing is saved yet."""
    tried = list(trials(version, FITTED)) if version.role == Role.SIMILAR else []
    if not tried:
        return
    version.match_curves = {
        kind: fit_curve([each.score for each in tried], [getattr(each, kind) for each in tried])
        for kind in ("same_product", "same_style")
    }
    fitted = scores.score_of_probability(version.match_curves["same_style"], LEAST_CHANCE)
    version.good_match = max(fitted, LEAST_SCORE)


def save(version: ModelVersion) -> None:
    """Save what was fitted."""
    fitted = {"match_curves": version.match_curves, "good_match": version.good_match}
    ModelVersion.objects.filter(pk=version.pk).update(**fitted)


def trials(version: ModelVersion, seed: int) -> Iterator[Trial]:
    """Search by altered images of the catalogue, and by pictures of no product."""
    ids = ImageEmbedding.objects.filter(version=version).order_by("image").values_list("image", flat=True)
    step = max(1, len(ids) // TRIALS)
    spread = list(ids)[seed % step :: step][:TRIALS]
    categories = dict(Product.objects.values_list("pk", "category"))
    rng = np.random.default_rng(seed)
    images = list(ProductImage.objects.readable().filter(pk__in=spread).order_by("pk"))
    # In a random order: by turns, each kind of product would be altered in ways of its own.
    for number, image in enumerate(images[index] for index in rng.permutation(len(images))):
        own, absent = image.product_id, rng.random() < ABSENT
        file = shrink_to_jpeg(Path(image.file.path).read_bytes(), PHOTO_PIXELS)
        photo = alter(Image.open(io.BytesIO(file)).convert("RGB"), number, seed)
        best = search_of(version, own if absent else None).search(photo)[0]
        if np.isfinite(best.distance):
            score = scores.score(version, best.distance)
            yield Trial(score, best.nearest == own, categories.get(best.nearest) == categories[own])
    for number in range(round(NO_PRODUCTS * len(spread))):
        best = search_of(version).search(no_product(number, seed))[0]
        yield Trial(scores.score(version, best.distance), False, False)


def fit_curve(found: Sequence[float], true: Sequence[bool]) -> list[float]:
    """Fit the slope and the offset of scores.match_probability to scores and what they turned out to be.

    By Newton's method on the regularized likelihood of Platt 1999, whose targets keep off 0 and 1: a few dozen photos
    never make a chance certain.
    """
    x = np.stack([scores.closeness(np.array(found)), np.ones(len(found))], axis=1)  # (N, 2)
    right = np.array(true)
    count = right.sum()
    y = np.where(right, (count + 1) / (count + 2), 1 / (len(right) - count + 2))
    weights = np.zeros(2)
    for _ in range(50):
        p = 1 / (1 + np.exp(-(x @ weights).clip(-30, 30)))
        hessian = (x * (p * (1 - p) + 1e-9)[:, None]).T @ x + 1e-3 * np.eye(2)
        step = np.linalg.solve(hessian, x.T @ (y - p) - 1e-3 * weights)
        weights = weights + step.clip(-5, 5)
    return [max(float(weights[0]), 0.0), float(weights[1])]
