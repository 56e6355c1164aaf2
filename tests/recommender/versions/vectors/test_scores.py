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


def test_a_length_stays_where_it_means_something():
    cosine, euclidean = (VersionFactory.build(metric=metric, number=1) for metric in ("cosine", "euclidean"))

    assert scores.normalize_if_cosine(cosine, [3.0, 4.0]) == pytest.approx([0.6, 0.8])
    assert scores.normalize_if_cosine(euclidean, [3.0, 4.0]).tolist() == [3.0, 4.0]
    assert scores.normalize_if_cosine(cosine, [0.0, 0.0]).tolist() == [0.0, 0.0]
    assert scores.normalize_if_cosine(cosine, [3.0, 4.0]).dtype == np.float32
