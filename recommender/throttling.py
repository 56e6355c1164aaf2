"""Rate limits for each caller, counted in Redis by fixed windows."""

import logging
import math
from typing import TYPE_CHECKING, NamedTuple

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


class RateLimit(NamedTuple):
    """Requests that a caller may make in a window, how many of them are left, and the seconds until it ends."""

    limit: int
    left: int
    seconds: int


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
        key = f"{caller}:{window:.0f}"
        try:
            counter = memory.client()
            count = int(counter.incr(key))
            if count == 1:
                counter.expire(key, 2 * self.duration)
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


class VisitorThrottle(CallerThrottle):
    """Limit for tokens of new guests."""

    scope = "visitor"


class TokenThrottle(CallerThrottle):
    """Limit for attempts to get a token."""

    scope = "token"
