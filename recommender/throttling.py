"""Rate limits for each caller, counted in Redis by fixed windows."""

import logging
import math
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import cachetools
from django.http import HttpRequest
from redis.exceptions import RedisError
from rest_framework.request import Request
from rest_framework.throttling import SimpleRateThrottle

from recommender import memory
from recommender.access.keys import key_of
from recommender.access.logins import network_of
from recommender.access.models import ApiKey, KeyKind

if TYPE_CHECKING:  # DRF loads the throttles while it defines APIView
    from rest_framework.views import APIView

log = logging.getLogger(__name__)

PORTIONS = 100  # of a limit: a process asks for the count of the others once each
MOST_CALLERS = 10_000  # whose counts a process has


class RateLimit(NamedTuple):
    """Requests that a caller may make in a window, how many of them are left, and the seconds until it ends."""

    limit: int
    left: int
    seconds: int


@dataclass
class Count:
    """Requests of a caller in a window."""

    known: int = 0  # of all processes, when this one last asked
    own: int = 0  # of this process since then


class Counter:
    """Counts the requests of each caller in all processes, by a round trip for each hundredth of the limit.

    So of a limit of 1,200 each process may let 12 more pass; whoever has reached it, as far as this process knows, is
    counted one by one.
    """

    def __init__(self) -> None:
        self._counts: cachetools.LRUCache[str, Count] = cachetools.LRUCache(MOST_CALLERS)
        self._lock = threading.Lock()

    def add(self, key: str, limit: int, seconds: int) -> int:
        """Count a request, and return the requests in the window. seconds: how long it is stored. Raises RedisError."""
        with self._lock:
            count = self._counts.setdefault(key, Count())
            count.own += 1
            if count.own < limit // PORTIONS and count.known + count.own < limit:
                return count.known + count.own
            added, count.own = count.own, 0
        total = int(memory.client().incrby(key, added))
        if total == added:
            memory.client().expire(key, seconds)
        with self._lock:
            count.known = max(count.known, total)
            return count.known + count.own


counter = Counter()


class WindowThrottle(SimpleRateThrottle):
    """Rate limit by one counter a window; DRF's own class stores the times of all requests of a caller."""

    # SimpleRateThrottle sets these two from `rate`; its stubs lack them.
    num_requests: int
    duration: int  # seconds a window
    remaining: float  # seconds until the window ends

    def allow_request(self, request: Request, view: "APIView") -> bool:
        """Count the request, and return whether it is within the limit."""
        caller = self.get_cache_key(request, view)
        if caller is None:
            return True
        window, passed = divmod(self.timer(), self.duration)
        self.remaining = self.duration - passed
        try:
            count = counter.add(f"{caller}:{window:.0f}", self.num_requests, 2 * self.duration)
        except RedisError as error:
            log.warning("not throttled, Redis is unavailable: %s", error)  # a shop without its counter still sells
            return True
        self.tell(getattr(request, "_request", request), max(self.num_requests - count, 0))
        return count <= self.num_requests

    def get_ident(self, request: Request) -> str:
        """Return the client's address, or its network: with one for each request it would have no limit."""
        return network_of(super().get_ident(request) or "")

    def tell(self, request: HttpRequest, left: int) -> None:
        """Set the limit for the response's headers; of several, the one that is reached first."""
        known: RateLimit | None = vars(request).get("rate_limit")
        if known is None or left < known.left:
            vars(request)["rate_limit"] = RateLimit(self.num_requests, left, math.ceil(self.remaining))

    def key_ident(self, request: Request, key: ApiKey) -> str:
        """Return whom a key stands for: its program, or of a publishable one each visitor of the storefront."""
        return f"key-{key.pk}" + (f"-{self.get_ident(request)}" if key.kind == KeyKind.PUBLISHABLE else "")

    def wait(self) -> float:
        """Return the seconds until the window ends."""
        return self.remaining


class AnonymousThrottle(WindowThrottle):
    """Limit for each address of callers without an account and without a key."""

    scope = "anonymous"

    def get_cache_key(self, request: Request, view: "APIView") -> str | None:
        if request.user.is_authenticated or key_of(request):
            return None
        return self.cache_format % {"scope": self.scope, "ident": self.get_ident(request)}


class AccountThrottle(WindowThrottle):
    """Limit for each account."""

    scope = "account"

    def get_cache_key(self, request: Request, view: "APIView") -> str | None:
        if not request.user.is_authenticated:
            return None
        return self.cache_format % {"scope": self.scope, "ident": request.user.pk}


class KeyThrottle(WindowThrottle):
    """Limit for each key of a kind, whose name is the scope: the kind's, unless the key has its own."""

    def get_cache_key(self, request: Request, view: "APIView") -> str | None:
        key = key_of(request)
        if key is None or key.kind != self.scope:
            return None
        if key.rate:
            self.num_requests, self.duration = key.rate, 60
        return self.cache_format % {"scope": self.scope, "ident": self.key_ident(request, key)}


class PublishableThrottle(KeyThrottle):
    """Limit for each address of the callers with a publishable key."""

    scope = KeyKind.PUBLISHABLE.value


class SecretThrottle(KeyThrottle):
    """Limit for each secret key."""

    scope = KeyKind.SECRET.value


class CallerThrottle(WindowThrottle):
    """Limit for costly calls, for each account, key or address."""

    def get_cache_key(self, request: Request, view: "APIView") -> str:
        key = key_of(request)
        if key:
            ident = self.key_ident(request, key)
        else:
            ident = str(request.user.pk) if request.user.is_authenticated else self.get_ident(request)
        return self.cache_format % {"scope": self.scope, "ident": ident}


class PhotoThrottle(CallerThrottle):
    """Limit for searches by photo."""

    scope = "photo"


class TextThrottle(CallerThrottle):
    """Limit for searches by text."""

    scope = "text"


class VisitorThrottle(CallerThrottle):
    """Limit for tokens of new guests."""

    scope = "visitor"


class TokenThrottle(CallerThrottle):
    """Limit for attempts to get a token."""

    scope = "token"
