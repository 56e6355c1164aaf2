"""Measures and settings of two versions beside each other."""

import pytest

from recommender.models import ModelVersion
from recommender.versions import comparison

WORSE = {"auc": 0.7, "ndcg@10": 0.05, "intervals": {"auc": [0.68, 0.72], "ndcg@10": [0.03, 0.07]}}
BETTER = {"auc": 0.8, "ndcg@10": 0.06, "losses": [1], "intervals": {"auc": [0.78, 0.82], "ndcg@10": [0.04, 0.08]}}


def version(metrics, **fields) -> ModelVersion:
    return ModelVersion(method="vbpr", metrics=metrics, **fields)


def test_a_measure_is_worse_only_beyond_the_intervals_of_both():
    pairs = comparison.measures(version(BETTER), version(WORSE))
    assert [(pair.name, pair.values, pair.is_worse) for pair in pairs] == [
        ("auc", (0.8, 0.7), True),
        ("ndcg@10", (0.06, 0.05), False),
    ]
    assert not any(pair.is_worse for pair in comparison.measures(version(WORSE), version(BETTER)))


@pytest.mark.parametrize("name", ["samples per second", "loss"])
def test_what_is_no_quality_is_not_judged(name):
    first, second = ({name: value, "intervals": {name: [value, value]}} for value in (2.0, 1.0))
    [pair] = comparison.measures(version(first), version(second))
    assert (pair.values, pair.is_worse) == ((2.0, 1.0), False)


def test_a_version_may_lack_a_measure_and_there_may_be_none_to_compare_with():
    [pair] = comparison.measures(version({}), version({"auc": 0.8}))
    assert (pair.values, pair.intervals) == ((None, 0.8), (None, None))
    assert comparison.measures(None, version({"auc": 0.8}))[0].values == (None, 0.8)


def test_settings_are_those_that_were_given():
    pairs = comparison.settings(version({}, settings={"size": 8}, epochs=3), version({}, seed=1))
    assert [(pair.name, *pair.values) for pair in pairs] == [
        ("method", "vbpr", "vbpr"),
        ("epochs", 3, None),
        ("seed", 0, 1),
        ("size", 8, None),
    ]


def test_below_popularity_is_what_loses_by_each_measure():
    losing = {"auc": 0.47, "auc of popularity": 0.64, "ndcg@10": 0.02, "ndcg@10 of popularity": 0.05}

    assert comparison.below_popularity(version(losing)) == (
        "below popularity on the products held out (auc 0.47 against 0.64, ndcg@10 0.02 against 0.05)"
    )
    assert comparison.below_popularity(version(losing | {"ndcg@10": 0.05})) == ""
    assert comparison.below_popularity(version(losing | {"auc": 0.65})) == ""
    assert comparison.below_popularity(version({"auc": 0.47, "auc of popularity": 0.64})) == ""
    assert comparison.below_popularity(version({})) == ""
