import pytest
from redis.exceptions import RedisError

from recommender.experiments import counters
from recommender.experiments.counters import Responses
from recommender.experiments.models import Strategy
from recommender.experiments.running import Exposure, Trial

EXPOSURE = Exposure(experiment=1, arm=7, visitor=3)


def test_lists_are_counted_by_arm():
    for kind in (counters.FULL, counters.FULL, counters.EMPTY):
        counters.add(EXPOSURE, kind)
    counters.add(EXPOSURE._replace(arm=8), counters.FULL)

    assert counters.read(1) == {7: Responses(full=2, empty=1), 8: Responses(full=1)}
    assert (counters.read(1)[7].total, counters.read(1)[7].failed) == (3, 1)
    assert counters.read(2) == {}


def test_an_error_is_counted_and_raised():
    for trial in (Trial(None, Strategy.USUAL, {}, EXPOSURE), Trial(None, Strategy.USUAL, {}, None), None):
        with pytest.raises(ZeroDivisionError), counters.errors_of(trial):
            1 / 0  # noqa: B018

    assert counters.read(1) == {7: Responses(errors=1)}


def test_without_the_cache_the_error_itself_is_raised(no_cache):
    with pytest.raises(ZeroDivisionError), counters.errors_of(Trial(None, Strategy.USUAL, {}, EXPOSURE)):
        1 / 0  # noqa: B018
    with pytest.raises(RedisError):
        counters.read(1)
