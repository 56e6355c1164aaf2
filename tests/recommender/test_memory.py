import socket

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


def test_a_server_that_did_not_answer_is_not_asked_again_for_a_while(settings, monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"redis://127.0.0.1:{server.getsockname()[1]}/0"
        settings.CACHES = {"default": {"LOCATION": url, "OPTIONS": {"socket_timeout": 0.1}}}
        server.settimeout(5)
        with pytest.raises(RedisError):
            memory.client().get("a")
        server.accept()[0].close()

        with pytest.raises(RedisError, match="did not answer a moment ago"):
            memory.client().get("a")
        monkeypatch.setattr(memory.client(), "silent_until", 0.0)
        with pytest.raises(RedisError):
            memory.client().get("a")
        server.accept()[0].close()


def test_a_server_that_is_away_is_an_error_of_redis(settings):
    settings.CACHES = {"default": {"LOCATION": "unix:///nowhere/redis.sock"}}

    with pytest.raises(RedisError):
        memory.client().get("a")
