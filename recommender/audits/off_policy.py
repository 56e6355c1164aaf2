"""Off-policy estimates: what lists by a version would have got from visitors who saw those of another one.

From results that were drawn by chance (serving.exploration): those that the version would have recommended for the same
request are a sample of its lists, each with the probability that it was drawn. Self-normalised inverse propensity
weights: Swaminathan & Joachims, NeurIPS 2015. What is estimated is how often a product of its lists is clicked, liked,
put in the cart or bought, at a rank drawn by chance, of those products that could be drawn.
"""

import json
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypedDict

import numpy as np

from catalog.models import Product
from catalog.rows import Sql, fetch
from recommender.audits.last_week import Request, recommended
from recommender.audits.paired import TAKEN
from recommender.models import ModelVersion
from recommender.serving import saved_json
from recommender.serving.outcomes import Z, wilson

MOST = 2000  # results that were drawn, the newest
SECONDS = 30.0  # after which no further request is answered
LEAST = 100  # results of a version, weighed, below which no interval is given
LEAST_TAKEN = 5  # of both versions

# An event may be a little older than the impression, which is sent once something was seen for a second.
DRAWN = """
    WITH drawn AS (SELECT * FROM recommender_exploredresult ORDER BY shown_at DESC LIMIT %s),
    taken AS (
        SELECT recommendation_id, product_id FROM catalog_interaction
        WHERE recommendation_id IS NOT NULL AND kind = ANY(%s)
        AND occurred_at >= (SELECT min(shown_at) - interval '1 hour' FROM drawn)
    )
    SELECT d.own_product, d.product, d.propensity, d.query, EXISTS (
        SELECT FROM taken t WHERE t.recommendation_id = d.recommendation_id AND t.product_id = d.product
    )
    FROM drawn d ORDER BY d.shown_at DESC
"""


class Estimate(TypedDict):
    """Estimated share of a version's products that visitors take."""

    value: float | None  # null: none of its products was drawn
    interval: list[float] | None  # 95 %; null: too little is known
    results: int  # of its lists that were drawn
    reach: float  # share of its lists that could be drawn


class OffPolicy(TypedDict):
    """Estimates of two versions, and how much the second is above the first."""

    drawn: int  # results that were drawn by chance and seen
    estimates: list[Estimate]
    difference: float | None
    interval: list[float] | None  # 95 %; null: too little is known


@dataclass(frozen=True)
class Drawn:
    """Results that were drawn, by rows of arrays."""

    weights: np.ndarray  # (N,) inverse propensities
    taken: np.ndarray  # (N,) 0 or 1
    listed: np.ndarray  # (2, N) 1: the version would have recommended it
    lengths: np.ndarray  # (2, N) results of its list


def compare(first: ModelVersion, second: ModelVersion) -> OffPolicy:
    """Return the estimates of two versions for similar styles, from the newest results that were drawn."""
    started = time.monotonic()
    found = fetch(Sql(DRAWN, (MOST, [kind.value for kind in TAKEN])))
    products = Product.objects.visible().select_related("category").in_bulk({row[0] for row in found})
    rows = []
    for own, product, propensity, query, is_taken in found:
        if own not in products:
            continue
        if time.monotonic() - started > SECONDS:
            break
        request = Request(saved_json.query_from_json(json.loads(query)), product=products[own])
        lists = [[each.pk for each in recommended(version, request)] for version in (first, second)]
        rows.append((1 / propensity, is_taken, *(product in each for each in lists), *map(len, lists)))
    columns = np.asarray(rows, dtype=float).reshape(len(rows), 6).T
    return estimate(Drawn(columns[0], columns[1], columns[2:4], columns[4:6]))


def estimate(drawn: Drawn) -> OffPolicy:
    """Return the estimates from results that were drawn."""
    count = len(drawn.weights)
    weights = drawn.weights * drawn.listed  # (2, N)
    totals = weights.sum(axis=1)
    found: OffPolicy = {"drawn": count, "estimates": [], "difference": None, "interval": None}
    influences = []
    for own, total, lengths in zip(weights, totals, drawn.lengths, strict=True):
        if not total:
            found["estimates"].append({"value": None, "interval": None, "results": 0, "reach": 0.0})
            continue
        value = float(own @ drawn.taken / total)
        effective = total**2 / (own @ own)  # Kish 1965: as many of equal weight would tell as much
        is_enough = effective >= LEAST and int(((own > 0) * drawn.taken).sum()) >= LEAST_TAKEN
        interval = list(wilson(value, effective)) if is_enough else None
        reach = min(float(total / lengths.sum()), 1.0)
        found["estimates"].append(
            {"value": value, "interval": interval, "results": int((own > 0).sum()), "reach": reach}
        )
        influences.append(own * (drawn.taken - value) / total)
    values = [each["value"] for each in found["estimates"]]
    if values[0] is not None and values[1] is not None:
        above = found["difference"] = values[1] - values[0]
        if all(each["interval"] for each in found["estimates"]):
            half = Z * math.sqrt(float(((influences[1] - influences[0]) ** 2).sum()))
            found["interval"] = [above - half, above + half]
    return found


def describe(found: OffPolicy, names: Sequence[str]) -> str:
    """Return in one sentence what is known. names: of both versions."""
    if not found["drawn"]:
        return "No product was drawn by chance for a list yet, so that nothing can be said."
    if found["interval"] is None or found["difference"] is None:
        counts = " and ".join(
            f"{each['results']} of {name}" for each, name in zip(found["estimates"], names, strict=True)
        )
        return (
            f"Not enough is known: of {found['drawn']} products drawn by chance {counts} would have been recommended, "
            f"and at least {LEAST} of each, with {LEAST_TAKEN} that were taken, are needed."
        )
    low, high = found["interval"]
    if low > 0:
        return f"{names[1]} would have got more than {names[0]}, for certain."
    if high < 0:
        return f"{names[1]} would have got less than {names[0]}, for certain."
    return f"Which of {names[0]} and {names[1]} would have got more is not known."
