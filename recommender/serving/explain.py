"""Why a product is recommended: the shopper's own products without which it would stand lowest."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from recommender.models import Metric, ModelVersion, Role
from recommender.serving import fold_in, history
from recommender.serving.types import Because, Result, RetrievalPlan
from recommender.versions.vectors import nearest


def explained(plan: RetrievalPlan, results: Sequence[Result]) -> list[Result]:
    """Each result with those of the shopper's own products that carry it: whose removal lowers its score most.

    Neither what is disliked nor what visitors may not see is named, and nothing where all shoppers have one taste. A
    taste that was trained is taken as if it had been folded in from the same products (taste.influences): training anew
    without each would take hours.
    """
    products = history.products_of(activity for activity in plan.own.activities if activity.weight > 0)
    named = [place for place, activity in enumerate(plan.own.activities) if activity.product in products]
    if not named or (plan.version.role == Role.PERSONAL and history.prior_of(plan.version).is_one_for_all):
        return [replace(result, because=[]) for result in results]
    vectors = nearest.vectors_of(plan.version, [result.product.pk for result in results])
    candidates = np.asarray([vectors[result.product.pk] for result in results])
    losses = losses_without(plan, candidates)[:, named]
    activities = [plan.own.activities[place] for place in named]
    return [
        replace(
            result,
            because=[
                Because(products[activities[place].product], activities[place].kind, weight)
                for place, weight in fold_in.carriers(loss)
            ],
        )
        for result, loss in zip(results, losses, strict=True)
    ]


def losses_without(plan: RetrievalPlan, candidates: np.ndarray) -> np.ndarray:
    """How much worse each candidate would be without each of the own products: (C, N). candidates: (C, K)."""
    version, own, theta = plan.version, plan.own, np.asarray(plan.vector)
    if version.role == Role.PERSONAL:
        return fold_in.influences(candidates, theta, own.vectors, own.weights, history.prior_of(version).precision)
    whole = nearness(version, candidates, theta)
    examples = [own.without(place).example(version) for place in range(len(own))]
    # A search without its only example finds nothing, so that one carries all.
    rest = [whole - 1 if example is None else nearness(version, candidates, example) for example in examples]
    return whole[:, None] - np.stack(rest, axis=1)


def nearness(version: ModelVersion, candidates: np.ndarray, example: np.ndarray) -> np.ndarray:
    """Higher the nearer, as the version's metric has it: (C,)."""
    if version.metric == Metric.EUCLIDEAN:
        return -np.linalg.norm(candidates - example, axis=1)
    return candidates @ example / (np.linalg.norm(candidates, axis=1) * np.linalg.norm(example) + 1e-12)
