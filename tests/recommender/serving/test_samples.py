import uuid

import pytest

from recommender import memory
from recommender.serving import recommend, samples, saved
from recommender.serving.saved import Caller
from recommender.serving.types import RecommendationQuery
from tests.recommender.conftest import placed
from tests.services import without


@pytest.fixture(autouse=True)
def nothing_waits():
    memory.client().delete(samples.KEY)


def test_one_in_ten_is_drawn(active, db):
    first, *_ = placed(active, 0, 10)
    found = [recommend.similar_products(first, RecommendationQuery()) for _ in range(200)]

    assert 5 <= sum(samples.is_drawn(each) for each in found) <= 45
    assert not samples.is_drawn(recommend.popular_products(RecommendationQuery()))


def test_samples_are_taken_once_the_oldest_first():
    ids = [uuid.uuid4() for _ in range(5)]
    for each in ids:
        samples.add(each)

    assert samples.are_waiting()
    assert (samples.take(3), samples.take(3), samples.take(3)) == (ids[:3], ids[3:], [])
    assert not samples.are_waiting()


def test_while_no_worker_comes_the_newest_are_retained(monkeypatch):
    monkeypatch.setattr(samples, "MOST_WAITING", 4)
    ids = [uuid.uuid4() for _ in range(5)]
    for each in ids:
        samples.add(each)

    assert samples.take(10) == ids[3:]


def test_a_recommendation_is_given_where_the_memory_is_away(active, db, monkeypatch):
    monkeypatch.setattr(samples, "ONE_IN", 1)
    first, near = placed(active, 0, 10)
    found = recommend.similar_products(first, RecommendationQuery())

    with without("Valkey cache"):
        given = saved.save(found, Caller())

    assert [result.product for result in given.results] == [near]
