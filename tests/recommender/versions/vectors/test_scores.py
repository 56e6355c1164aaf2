import math

import numpy as np
import pytest

from recommender.versions.vectors import scores
from tests.factories import VersionFactory


@pytest.mark.parametrize(
    ("metric", "distance", "score"),
    [
        ("cosine", 0.0, 1.0),
        ("cosine", 1.0, 0.5),
        ("cosine", 2.0000001, 0.0),  # pgvector rounds
        ("cosine", -0.0000001, 1.0),
        ("euclidean", 0.0, 1.0),
        ("euclidean", 1.0, 0.5),
        ("inner", 0.0, 0.5),
        ("inner", -2.0, 1 / (1 + math.exp(-2))),
        ("inner", 1e6, 0.0),  # no overflow
    ],
)
def test_scores_lie_between_0_and_1_and_nearer_is_higher(metric, distance, score):
    assert scores.score(VersionFactory.build(metric=metric, number=1), distance) == pytest.approx(score)


@pytest.mark.parametrize("curve", [[2.0, -3.0], [0.4, -0.1]])
def test_a_chance_rises_with_the_score_and_leads_back_to_it(curve):
    chances = [scores.match_probability(curve, score) for score in (0.0, 0.5, 0.9, 1.0)]

    assert chances == sorted(chances) and chances[0] > 0 and chances[-1] < 1
    assert chances[1] == pytest.approx(1 / (1 + math.exp(-(curve[0] * math.log(2) + curve[1]))))
    for chance in chances[:3]:
        assert scores.match_probability(curve, scores.score_of_probability(curve, chance)) == pytest.approx(chance)


@pytest.mark.parametrize(("offset", "score"), [(-1.0, 1.0), (1.0, 0.0)])
def test_a_chance_that_does_not_depend_on_the_score_is_had_by_all_or_none(offset, score):
    assert scores.score_of_probability([0.0, offset], 0.5) == score


def test_a_length_stays_where_it_means_something():
    cosine, euclidean = (VersionFactory.build(metric=metric, number=1) for metric in ("cosine", "euclidean"))

    assert scores.normalize_if_cosine(cosine, [3.0, 4.0]) == pytest.approx([0.6, 0.8])
    assert scores.normalize_if_cosine(euclidean, [3.0, 4.0]).tolist() == [3.0, 4.0]
    assert scores.normalize_if_cosine(cosine, [0.0, 0.0]).tolist() == [0.0, 0.0]
    assert scores.normalize_if_cosine(cosine, [3.0, 4.0]).dtype == np.float32


def test_a_score_by_taste_is_the_chance_that_was_fitted():
    version = VersionFactory.build(metric="inner", number=1, match_curves={"taken": [0.5, -1.0, 0.9]})

    assert scores.score(version, -4.0) == pytest.approx(1 / (1 + math.exp(-1)))
    assert scores.score(version, -100.0) > 0.99  # so that those at the top are told apart
    assert scores.score(version, 1e6) == pytest.approx(0)
    assert scores.limited_probability(version, 100.0) == 0.9
    assert scores.limited_probability(version, 4.0) == pytest.approx(1 / (1 + math.exp(-1)))
    assert scores.limited_probability(VersionFactory.build(metric="inner", number=1), 4.0) is None
