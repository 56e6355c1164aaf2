import pytest
from django.core.cache import cache
from redis.exceptions import RedisError

from recommender import memory


def test_it_is_the_server_of_the_cache_over_one_connection(settings):
    memory.client().set("a", "b", ex=60)

    assert memory.client() is memory.client()
    assert memory.client().get("a") == b"b"
    cache.clear()
    assert memory.client().get("a") is None


def test_a_server_that_is_away_is_an_error_of_redis(settings):
    settings.CACHES = {"default": {"LOCATION": "unix:///nowhere/redis.sock"}}

    with pytest.raises(RedisError):
        memory.client().get("a")
