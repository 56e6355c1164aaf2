"""How often one caller may call, counted in Redis by fixed windows."""

import logging

from django.views import View
from redis.exceptions import RedisError
from rest_framework.request import Request
from rest_framework.throttling import SimpleRateThrottle

log = logging.getLogger(__name__)


class WindowThrottle(SimpleRateThrottle):
    """So many requests a window: one counter, where DRF's own reads and writes the times of all requests every time."""

    def allow_request(self, request: Request, view: View) -> bool:
        caller = self.get_cache_key(request, view)
        if caller is None:
            return True
        window, passed = divmod(self.timer(), self.duration)
        self.remaining = self.duration - passed
        key = f"{caller}:{window:.0f}"
        try:
            self.cache.add(key, 0, timeout=2 * self.duration)
            return self.cache.incr(key) <= self.num_requests
        except RedisError as error:
            log.warning("not throttled, Redis is away: %s", error)  # a shop without its counter still sells
            return True

    def wait(self) -> float:
        """Seconds until the window ends."""
        return self.remaining


class AnonymousThrottle(WindowThrottle):
    scope = "anonymous"

    def get_cache_key(self, request: Request, view: View) -> str | None:
        if request.user.is_authenticated:
            return None
        return self.cache_format % {"scope": self.scope, "ident": self.get_ident(request)}


class AccountThrottle(WindowThrottle):
    scope = "account"

    def get_cache_key(self, request: Request, view: View) -> str | None:
        if not request.user.is_authenticated:
            return None
        return self.cache_format % {"scope": self.scope, "ident": request.user.pk}


class CallerThrottle(WindowThrottle):
    """For costly calls: accounts and addresses alike."""

    def get_cache_key(self, request: Request, view: View) -> str:
        ident = request.user.pk if request.user.is_authenticated else self.get_ident(request)
        return self.cache_format % {"scope": self.scope, "ident": ident}


class PhotoThrottle(CallerThrottle):
    scope = "photo"


class TokenThrottle(CallerThrottle):
    scope = "token"
