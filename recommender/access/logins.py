"""Attempts to sign in, counted for each account, address and pair of both, on pages, in the admin and over REST.

They are counted in Redis, before a password is checked; one that succeeds is not counted. While Redis is away nothing
is refused.
"""

import ipaddress
import logging
import time
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256

from django.http import HttpRequest
from redis.exceptions import RedisError
from rest_framework.throttling import BaseThrottle

from recommender import memory
from recommender.access.errors import TooManyAttempts

log = logging.getLogger(__name__)

KNOWN_SECONDS = 90 * 24 * 3600  # for which an address is remembered from which an account has signed in


@dataclass(frozen=True)
class Limit:
    attempts: int
    seconds: int  # a window


PAIR = Limit(10, 900)  # one account from one address
ADDRESS = Limit(100, 900)
# From everywhere, but for the addresses from which the account has signed in: a stranger cannot lock its owner out.
ACCOUNT = Limit(100, 3600)


class Attempt:
    """One attempt to sign in to an account, which need not exist."""

    def __init__(self, name: str, address: str) -> None:
        self.name, self.address = name, network_of(address)
        self.counted: list[str] = []  # keys

    def count(self) -> None:
        """Count it. Raises TooManyAttempts if a limit is reached; what was refused counts for no further limit."""
        try:
            for limit, key in self.limits():
                self.count_by(limit, key)
        except RedisError as error:
            log.warning("attempts to sign in are not counted, Redis is unavailable: %s", error)

    def limits(self) -> Iterator[tuple[Limit, str]]:
        """Yield the limits that apply, each with the key of its counter."""
        yield PAIR, key_of("pair", self.name, self.address)
        yield ADDRESS, key_of("address", self.address)
        if not memory.client().exists(self.known_key):
            yield ACCOUNT, key_of("account", self.name)

    @property
    def known_key(self) -> str:
        return key_of("known", self.name, self.address)

    def count_by(self, limit: Limit, key: str) -> None:
        window, passed = divmod(time.time(), limit.seconds)
        key = f"{key}:{window:.0f}"
        count = memory.client().incr(key)
        if count == 1:
            memory.client().expire(key, limit.seconds)
        if count > limit.attempts:
            raise TooManyAttempts(limit.seconds - passed)
        self.counted.append(key)

    def succeed(self) -> None:
        """Take it back, and remember the address as the account's."""
        try:
            for key in self.counted:
                memory.client().decr(key)
            memory.client().set(self.known_key, 1, ex=KNOWN_SECONDS)
        except RedisError as error:
            log.warning("an attempt to sign in stays counted, Redis is unavailable: %s", error)


def key_of(*parts: str) -> str:
    """Return a key without the names and addresses themselves."""
    return f"login:{parts[0]}:{sha256(repr(parts).encode(errors='surrogatepass')).hexdigest()}"


def address_of(request: HttpRequest) -> str:
    """Return the address of the client, as the throttles of Django REST framework know it: behind a proxy too."""
    return BaseThrottle().get_ident(request) or ""  # type: ignore[arg-type]  # it reads META alone


def network_of(address: str) -> str:
    """Return the address; of IPv6 the network of 64 bits, which one client has to itself."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv4Address):
        return address
    if parsed.ipv4_mapped:  # as a socket for both versions names a client of IPv4
        return str(parsed.ipv4_mapped)
    return str(ipaddress.ip_network((parsed.packed[:8] + bytes(8), 64)))
