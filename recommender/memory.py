"""The memory that all web processes share: the server of Django's cache, spoken to over a connection that is kept.

It is limited and may be lost: saved recommendations, counters of throttles and heartbeats alone are in it.
Django's own client of it is made anew for each command, and takes three round trips to count.
"""

from functools import cache

import redis
from django.conf import settings


def client() -> redis.Redis:
    """Return the client of this process. Its commands raise redis.RedisError where the server is away."""
    return _client(settings.CACHES["default"]["LOCATION"])


@cache
def _client(url: str) -> redis.Redis:
    return redis.Redis.from_url(url, **settings.CACHES["default"].get("OPTIONS", {}))
