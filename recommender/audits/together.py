"""Measures of similarity versions against people: whether what they look at or buy together is near to each other.

No version for similar styles learns from interactions, so that it has seen none of these. Those that name a
recommendation are left out: what a version showed would speak for that version.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import datetime
from itertools import permutations

import numpy as np

from catalog.models import Kind
from catalog.rows import Sql, fetch
from recommender.audits.paired import Difference, auc, difference, mean
from recommender.models import Metric, ModelVersion
from recommender.versions.vectors import nearest, scores

EVENTS = 20_000  # the newest that are read
MOST = 1000  # products that are compared, those with most of these events
MOST_TOGETHER = 30  # products of one person; with more it is no person
LEAST = 20  # products with others beside them, of which a measure is taken
NEAREST = 10
DIGITS = 4

# What one person looked at on one day, and what one bought or put in the cart within all of the time.
KINDS = {"looked at together": (Kind.VIEW, Kind.CLICK), "bought together": (Kind.CART, Kind.PURCHASE)}
TOGETHER = """
    SELECT array_agg(DISTINCT product_id) FROM (
        SELECT shopper_id, session, product_id, occurred_at FROM catalog_interaction
        WHERE kind = ANY(%s) AND recommendation_id IS NULL AND occurred_at >= coalesce(%s, '-infinity'::timestamptz)
        ORDER BY occurred_at DESC, id DESC LIMIT %s
    ) newest GROUP BY shopper_id, session, CASE WHEN %s THEN occurred_at::date END
    HAVING count(DISTINCT product_id) BETWEEN 2 AND %s
"""

Measures = dict[str, np.ndarray]  # by name, a value for each product (N,)


def measure(version: ModelVersion) -> dict[str, object]:
    """Return AUC and recall@10 of what the newest interactions have together, with 95 % intervals, as `metrics` has."""
    found: dict[str, object] = {}
    intervals: dict[str, list[float]] = {}
    for name, [values] in _measure([version], None).items():
        whole = mean(values.tolist())
        found[name] = round(whole["value"], DIGITS)
        if whole["interval"]:
            intervals[name] = [round(bound, DIGITS) for bound in whole["interval"]]
    return {**found, "intervals": intervals} if found else {}


def differences(first: ModelVersion, second: ModelVersion) -> list[Difference]:
    """Return the same measures of two versions, product by product, of interactions since both were trained."""
    since = max(each.started_at or each.created_at for each in (first, second))
    return [
        difference(f"{name}, since both were trained", list(zip(*(each.tolist() for each in values), strict=True)))
        for name, values in _measure([first, second], since).items()
    ]


def _measure(versions: Sequence[ModelVersion], since: datetime | None) -> dict[str, list[np.ndarray]]:
    """Return by name the values (N,) of each version, for the same products."""
    found: dict[str, list[np.ndarray]] = {}
    for name, kinds in KINDS.items():
        groups = read_groups(kinds, since, within_a_day=Kind.VIEW in kinds)
        counts = Counter(product for group in groups for product in group)
        some = [product for product, _ in counts.most_common(MOST)]
        vectors = [nearest.vectors_of(version, some) for version in versions]
        known = [product for product in some if all(product in own for own in vectors)]
        partners = partners_of(groups, known)
        if len(partners) < LEAST:
            continue
        for version, own in zip(versions, vectors, strict=True):
            matrix = similarities(version, np.stack([own[product] for product in known]))
            for measure_name, values in rank_partners(matrix, partners).items():
                found.setdefault(f"{measure_name}/{name}", []).append(values)
    return found


def read_groups(kinds: Sequence[Kind], since: datetime | None, *, within_a_day: bool) -> list[list[int]]:
    """Return the ids of products that one person looked at or bought together, of the newest interactions."""
    params = ([kind.value for kind in kinds], since, EVENTS, within_a_day, MOST_TOGETHER)
    return [products for (products,) in fetch(Sql(TOGETHER, params))]


def partners_of(groups: Sequence[Sequence[int]], known: Sequence[int]) -> dict[int, np.ndarray]:
    """Return by index in `known` the indices of the products that were together with a product."""
    index = {product: number for number, product in enumerate(known)}
    partners: dict[int, set[int]] = defaultdict(set)
    for group in groups:
        for own, other in permutations([index[product] for product in group if product in index], 2):
            partners[own].add(other)
    return {own: np.asarray(sorted(others)) for own, others in sorted(partners.items())}


def similarities(version: ModelVersion, vectors: np.ndarray) -> np.ndarray:
    """Compute how near each of N products is to each other, (N, N): higher is nearer."""
    vectors = scores.normalize_if_cosine(version, vectors)
    products = vectors @ vectors.T
    if version.metric != Metric.EUCLIDEAN:
        return np.asarray(products)
    squares = products.diagonal()
    return np.asarray(2 * products - squares[:, None] - squares[None])


def rank_partners(matrix: np.ndarray, partners: dict[int, np.ndarray]) -> Measures:
    """Return AUC and recall@10 of the partners of each product, among all others.

    matrix: (N, N) similarities. A product with nothing but partners has no AUC, and counts as half.
    """
    areas, recalls = [], []
    for own, others in partners.items():
        is_other = np.ones(len(matrix), dtype=bool)
        is_other[[own, *others]] = False
        rest = matrix[own][is_other]
        areas.append(auc(matrix[own][others], rest) if len(rest) else 0.5)
        order = np.argsort(-np.where(np.arange(len(matrix)) == own, -np.inf, matrix[own]), kind="stable")[:NEAREST]
        recalls.append(len({*order.tolist()} & {*others.tolist()}) / min(NEAREST, len(others)))
    return {"auc": np.asarray(areas), f"recall@{NEAREST}": np.asarray(recalls)}
