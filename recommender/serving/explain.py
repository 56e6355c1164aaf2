"""Explanations of results: the products of a visitor's history whose removal would lower a result's score most."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from catalog.rows import VISIBLE, products_by_id
from recommender.models import Metric, ModelVersion, Role
from recommender.serving import fold_in
from recommender.serving.history import prior_of
from recommender.serving.types import Contributor, Result, RetrievalPlan
from recommender.versions.vectors import nearest


def add_contributors(plan: RetrievalPlan, results: Sequence[Result]) -> list[Result]:
    """Return the results, each with the products of the visitor's history whose removal lowers its score most.

    Disliked and hidden products are not named, and none is where all shoppers have one taste. A trained taste is taken
    as if it had been folded in from the same products (fold_in.influences): training anew without each would take
    hours.
    """
    liked = [activity for activity in plan.own.activities if activity.weight > 0]
    products = products_by_id([activity.product for activity in liked], VISIBLE)
    named = [index for index, activity in enumerate(plan.own.activities) if activity.product in products]
    version = plan.version
    if not named or version is None or has_one_taste(version):
        return [replace(result, because=[]) for result in results]
    vectors = nearest.vectors_of(version, [result.product.pk for result in results])
    candidates = np.asarray([vectors[result.product.pk] for result in results])
    losses = score_losses(plan, version, candidates)[:, named]
    activities = [plan.own.activities[index] for index in named]
    return [
        replace(
            result,
            because=[
                Contributor(products[activities[index].product], activities[index].kind, weight)
                for index, weight in fold_in.top_contributors(loss)
            ],
        )
        for result, loss in zip(results, losses, strict=True)
    ]


def has_one_taste(version: ModelVersion) -> bool:
    """Return whether the version knows one taste for all shoppers, so that no product of theirs is a reason."""
    return version.role == Role.PERSONAL and prior_of(version).is_constant


def score_losses(plan: RetrievalPlan, version: ModelVersion, candidates: np.ndarray) -> np.ndarray:
    """Compute how much lower each candidate would score without each product of the visitor's history: (C, N).

    candidates: (C, K).
    """
    own, query = plan.own, np.asarray(plan.vector)
    if version.role == Role.PERSONAL:
        precision = prior_of(version).precision
        return fold_in.influences(candidates, query, own.vectors, own.weights, precision)
    whole = similarity(version, candidates, query)
    reduced = [own.without(index).search_vector(version) for index in range(len(own))]
    # A search without its only liked product finds nothing, so that one gets all the weight.
    rest = [whole - 1 if vector is None else similarity(version, candidates, vector) for vector in reduced]
    return np.asarray(whole[:, None] - np.stack(rest, axis=1))


def similarity(version: ModelVersion, candidates: np.ndarray, vector: np.ndarray) -> np.ndarray:
    """Compute the similarity of each candidate to the vector by the version's metric, higher is nearer: (C,)."""
    if version.metric == Metric.EUCLIDEAN:
        return np.asarray(-np.linalg.norm(candidates - vector, axis=1))
    norms = np.linalg.norm(candidates, axis=1) * np.linalg.norm(vector)
    return np.asarray(candidates @ vector / (norms + 1e-12))
