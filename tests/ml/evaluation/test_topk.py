import numpy as np
import pytest

from ml.data.interactions import Interactions
from ml.evaluation import topk
from ml.evaluation.topk import top_k


def vectors(count: int, seed: int, dimensions: int = 8) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((count, dimensions)).astype(np.float32)


def sorted_whole(scores: np.ndarray, k: int) -> np.ndarray:
    return np.argsort(-scores, axis=1, kind="stable")[:, :k]


def test_the_best_are_those_of_a_whole_sort():
    users, items = vectors(300, 1), vectors(1000, 2)

    ids, scores = top_k(users, items, 10)

    assert np.array_equal(ids, sorted_whole(users @ items.T, 10))
    assert np.allclose(scores, np.take_along_axis(users @ items.T, ids, axis=1), atol=1e-5)


def test_it_does_not_matter_how_many_users_are_looked_at_at_once(monkeypatch):
    users, items = vectors(37, 1), vectors(501, 2)
    whole, _ = top_k(users, items, 7)

    for at_once in (1, 5 * 501, 10**6):
        monkeypatch.setattr(topk, "SCORES", at_once)
        assert np.array_equal(top_k(users, items, 7)[0], whole)


def test_the_best_may_all_be_neighbours():
    items = np.linspace(1, 2, 640, dtype=np.float32)[:, None]

    ids, _ = top_k(np.ones((2, 1), dtype=np.float32), items, 64)

    assert np.array_equal(ids[1], np.arange(639, 575, -1))


def test_among_equals_the_lower_item_comes_first():
    items = np.repeat(np.array([1, 3, 2], dtype=np.float32), 100)[:, None]

    ids, _ = top_k(np.ones((1, 1), dtype=np.float32), items, 150)

    assert ids[0].tolist() == [*range(100, 200), *range(200, 250)]


def test_what_was_seen_is_left_out_of_that_users_list_alone():
    users, items = vectors(600, 1), vectors(100, 2)
    best = sorted_whole(users @ items.T, 3)
    asked = np.array([0, 599, 300])
    seen = Interactions(np.repeat(asked, 2), best[asked, :2].reshape(-1), np.zeros(6), 600, 100)

    ids, _ = top_k(users, items, 1, seen)

    expected = best[:, 0].copy()
    expected[asked] = best[asked, 2]
    assert np.array_equal(ids[:, 0], expected)


def test_a_list_ends_where_nothing_is_left():
    seen = Interactions(np.zeros(48, dtype=int), np.arange(2, 50), np.zeros(48), 2, 50)
    items = np.arange(50, dtype=np.float32)[:, None]

    ids, scores = top_k(np.ones((2, 1), dtype=np.float32), items, 60, seen)

    assert ids[0].tolist() == [1, 0] + [-1] * 58 and np.isneginf(scores[0, 2:]).all()
    assert ids[1].tolist() == [*range(49, -1, -1)] + [-1] * 10


def test_what_cannot_be_meant_is_refused():
    users, items = vectors(3, 1), vectors(5, 2)
    with pytest.raises(ValueError, match="the best 0 of 5"):
        top_k(users, items, 0)
    with pytest.raises(ValueError, match="seen pairs are of 2 and 5"):
        top_k(users, items, 1, Interactions(np.array([0]), np.array([0]), np.zeros(1), 2, 5))


def test_without_items_or_users_there_is_nothing():
    assert top_k(vectors(2, 1), vectors(0, 2), 3)[0].tolist() == [[-1] * 3] * 2
    assert top_k(vectors(0, 1), vectors(2, 2), 3)[0].shape == (0, 3)
