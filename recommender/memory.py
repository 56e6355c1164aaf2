"""The memory that all web processes share: the server of Django's cache, spoken to over a connection that is kept.

It is limited and may be lost: saved recommendations, counters of throttles and heartbeats alone are in it.
Django's own client of it is made anew for each command, and takes three round trips to count.
"""

import time
from functools import cache
from typing import Any

import redis
from django.conf import settings

SILENT_SECONDS = 5  # for which a server that did not answer is not asked again


class Client(redis.Redis):
    """Client that gives up at once where the server did not answer a moment ago.

    A host that is cut off says nothing, and each command waits for a second: a few requests would hold all threads.
    """

    silent_until = 0.0  # time.monotonic()

    def execute_command(self, *args: Any, **options: Any) -> Any:
        if time.monotonic() < self.silent_until:
            raise redis.TimeoutError("the cache did not answer a moment ago")
        try:
            return super().execute_command(*args, **options)  # type: ignore[no-untyped-call]  # untyped in redis-py
        except redis.TimeoutError:
            self.silent_until = time.monotonic() + SILENT_SECONDS
            raise


def client() -> redis.Redis:
    """Return the client of this process. Its commands raise redis.RedisError where the server is away."""
    return _client(settings.CACHES["default"]["LOCATION"])


@cache
def _client(url: str) -> redis.Redis:
    return Client.from_url(url, **settings.CACHES["default"].get("OPTIONS", {}))
