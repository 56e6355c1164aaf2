"""Paired differences of two versions: of each request or shopper one number by each, and the interval of the mean."""

import math
from collections import defaultdict
from collections.abc import Sequence
from typing import TypedDict

import numpy as np

from catalog.models import Kind, Product, Shopper
from catalog.rows import Sql, fetch
from recommender.audits.last_week import Request
from recommender.models import ModelVersion
from recommender.serving.outcomes import Z
from recommender.versions.vectors import nearest

FIRST = 5  # products of a list that are looked at
LEAST = 20  # requests for a product that has an attribute
MOST_ATTRIBUTES = 10
MOST_SHOPPERS = 300
OTHERS = 200  # products that are drawn at random
TAKEN = (Kind.CLICK, Kind.LIKE, Kind.CART, Kind.PURCHASE)

# What shoppers whose taste both versions learnt took to for the first time since.
TAKEN_SINCE = """
    SELECT x.shopper_id, array_agg(DISTINCT x.product_id) FROM catalog_interaction x
    WHERE x.occurred_at > %s AND x.kind = ANY(%s)
    AND x.shopper_id IN (SELECT shopper_id FROM recommender_shoppervector WHERE version_id = %s)
    AND x.shopper_id IN (SELECT shopper_id FROM recommender_shoppervector WHERE version_id = %s)
    AND NOT EXISTS (
        SELECT FROM catalog_interaction y
        WHERE y.shopper_id = x.shopper_id AND y.product_id = x.product_id AND y.occurred_at <= %s
    )
    GROUP BY x.shopper_id ORDER BY x.shopper_id LIMIT %s
"""


class Difference(TypedDict):
    """Means of a measure by both versions, and by how much the second is above the first."""

    name: str
    of: int  # requests or shoppers
    values: list[float]
    difference: float
    interval: list[float] | None  # 95 %; null of fewer than two


class Mean(TypedDict):
    """Mean of as many numbers as there are requests or shoppers."""

    value: float
    interval: list[float] | None  # 95 %; null of fewer than two


def mean(values: Sequence[float]) -> Mean:
    """Return the mean of one or more numbers, with its interval by the normal approximation."""
    numbers = np.asarray(values, dtype=float)  # (N,)
    middle = float(numbers.mean())
    if len(numbers) < 2:
        return {"value": middle, "interval": None}
    half = Z * float(numbers.std(ddof=1)) / math.sqrt(len(numbers))
    return {"value": middle, "interval": [middle - half, middle + half]}


def difference(name: str, pairs: Sequence[tuple[float, float]]) -> Difference:
    """Return the means of both values and of their differences."""
    values = np.asarray(pairs, dtype=float)  # (N, 2)
    found = mean((values[:, 1] - values[:, 0]).tolist())
    means = values.mean(axis=0).tolist()
    return {
        "name": name,
        "of": len(pairs),
        "values": means,
        "difference": found["value"],
        "interval": found["interval"],
    }


def agreement(requests: Sequence[Request], lists: Sequence[tuple[list[Product], list[Product]]]) -> list[Difference]:
    """Return precision@5 against what the shop knows: how many of the first products are of the same category, colour …

    Category: of requests that had no filter by it. Attributes: of the products that have one, those most often there.
    """
    found: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for request, (first, second) in zip(requests, lists, strict=True):
        product = request.product
        if product is None or not first or not second:
            continue
        known = {name: value for name, value in product.attributes.items() if isinstance(value, str)}
        for name, value in known.items():
            found[name].append((_share(first, name, value), _share(second, name, value)))
        if not request.query.category:
            found["category"].append((_of_category(first, product), _of_category(second, product)))
    enough = [(name, pairs) for name, pairs in found.items() if len(pairs) >= LEAST or name == "category"]
    enough.sort(key=lambda each: (each[0] != "category", -len(each[1]), each[0]))
    return [difference(f"{name}, precision@{FIRST}", pairs) for name, pairs in enough[: MOST_ATTRIBUTES + 1]]


def _share(products: Sequence[Product], name: str, value: str) -> float:
    first = products[:FIRST]
    return sum(bool(each.attributes.get(name) == value) for each in first) / len(first)


def _of_category(products: Sequence[Product], product: Product) -> float:
    first = products[:FIRST]
    return sum(each.category_id == product.category_id for each in first) / len(first)


def taken_since(first: ModelVersion, second: ModelVersion) -> list[Difference]:
    """Return the AUC of what shoppers took to since both versions were trained, against products drawn at random.

    By the tastes that were learnt, so that nothing that happened later helps. Of the shoppers whom both know.
    """
    learnt = max(each.started_at or each.created_at for each in (first, second))
    params = (learnt, [kind.value for kind in TAKEN], first.pk, second.pk, learnt, MOST_SHOPPERS)
    rows: list[tuple[int, list[int]]] = [(shopper, taken) for shopper, taken in fetch(Sql(TAKEN_SINCE, params))]
    everything = [pk for (pk,) in fetch(Sql("SELECT id FROM catalog_product ORDER BY id"))]
    if not rows:
        return []
    drawn = np.random.default_rng(0).choice(everything, min(OTHERS, len(everything)), replace=False).tolist()
    needed = {*drawn, *(product for _, taken in rows for product in taken)}
    vectors = [nearest.vectors_of(version, needed) for version in (first, second)]
    pairs = []
    for key, taken in rows:
        values = []
        for version, known in zip((first, second), vectors, strict=True):
            taste = nearest.trained_taste(version, Shopper(pk=key))
            others = [known[product] for product in drawn if product in known and product not in taken]
            own = [known[product] for product in taken if product in known]
            if taste is not None and own and others:
                values.append(auc(np.asarray(own) @ taste, np.asarray(others) @ taste))
        if len(values) == 2:
            pairs.append((values[0], values[1]))
    return [difference("AUC of what shoppers took to since both were trained", pairs)] if pairs else []


def auc(own: np.ndarray, others: np.ndarray) -> float:
    """Return the share of pairs in which one's own score (N,) is above another's (M,); equal ones count half."""
    above = own[:, None] - others[None, :]  # (N, M)
    return float(((above > 0) + 0.5 * (above == 0)).mean())
