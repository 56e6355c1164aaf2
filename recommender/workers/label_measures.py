"""Measures of a similarity version against the categories and attributes of the products. Workers only."""

import json
from collections import Counter

import numpy as np
import torch

from catalog.rows import VISIBLE, Sql, fetch
from ml.evaluation import metrics
from recommender.models import ModelVersion
from recommender.versions.vectors import nearest

MOST = 1000  # products, the same for each version
LEAST = 50  # of these that have an attribute
MOST_ATTRIBUTES = 6  # those that most of them have
NEAREST = 5
DIGITS = 4

SAMPLE = f"""
    SELECT p.id, c.name, p.attributes FROM catalog_product p JOIN catalog_category c ON c.id = p.category_id
    WHERE {VISIBLE.text} ORDER BY md5(p.id::text) LIMIT {MOST}
"""


def measure(version: ModelVersion) -> dict[str, object]:
    """Return precision@5 and mean average precision by category and attribute, with 95 % intervals, as `metrics` has.

    Each product's primary image is a query against those of the others. {} where there is nothing to tell apart.
    """
    rows = fetch(Sql(SAMPLE))
    vectors = nearest.vectors_of(version, [product for product, *_ in rows])
    known = [(vectors[product], category, attributes) for product, category, attributes in rows if product in vectors]
    labels = labels_of([{**json.loads(attributes), "category": category} for _, category, attributes in known])
    if not labels:
        return {}
    matrix = torch.from_numpy(np.stack([vector for vector, *_ in known]))
    found: dict[str, object] = {}
    intervals: dict[str, list[float]] = {}
    for label, each in metrics.evaluate_retrieval(matrix, labels, (NEAREST,), metric=version.metric).items():
        measured = {f"precision@{NEAREST}": each.precision[NEAREST], "map": each.average_precision}
        for name, values in measured.items():
            if np.isfinite(values).any():
                found[f"{name}/{label}"] = round(float(np.nanmean(values)), DIGITS)
                intervals[f"{name}/{label}"] = [round(bound, DIGITS) for bound in metrics.bootstrap(values)]
    return {**found, "intervals": intervals} if found else {}


def labels_of(facts: list[dict[str, object]]) -> dict[str, np.ndarray]:
    """Return the classes (N,) of the category and of the attributes that are texts, -1 where missing.

    Of those with two classes or more.
    """
    counted = Counter(name for each in facts for name, value in each.items() if isinstance(value, str))
    del counted["category"]
    names = ["category", *[name for name, count in counted.most_common(MOST_ATTRIBUTES) if count >= LEAST]]
    found = {}
    for name in names:
        values = [value if isinstance(value := each.get(name), str) else None for each in facts]
        classes = {value: number for number, value in enumerate(sorted({value for value in values if value}))}
        if len(classes) > 1:
            found[name] = np.array([classes.get(value, -1) if value else -1 for value in values])
    return found
