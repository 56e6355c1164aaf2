"""Reads of the shop from a replica of its database, VISREC_REPLICA_URL, as far as nobody notices.

A request that only reads takes the tables of catalog and recommender from the replica, unless it is for the admin, its
client has written something that the replica has not replayed, the replica is more than VISREC_REPLICA_LAG seconds
behind, or it is away. All else is read where it is written: from the primary.
"""

import logging
import time
from collections.abc import Callable
from contextvars import ContextVar
from hashlib import sha256
from math import ceil
from typing import Any

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, InterfaceError, OperationalError, connections
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from redis.exceptions import RedisError

from recommender import memory

log = logging.getLogger(__name__)

REPLICA = "replica"  # its alias in DATABASES
APPS = (
    "catalog",
    "recommender",
    "experiments",
)  # whose tables it serves; nobody is to be signed in by an old session or account
SAMPLE_SECONDS = 0.5  # between two samples of the primary's position
RETRY_SECONDS = 5.0  # after which a replica that was away is tried again

Get = Callable[[HttpRequest], HttpResponse]


class Replica:
    """State of the replica as this process knows it. A position is a number of bytes of the primary's log."""

    def __init__(self) -> None:
        # The primary's positions of the last VISREC_REPLICA_LAG seconds, each with the time.monotonic() by which it was
        # reached, and since when there was no gap as long as that.
        self.samples: tuple[tuple[float, int], ...] = ()
        self.watched_since = 0.0
        self.away_until = 0.0
        self.reason = ""  # why it is not used; "" while it is

    def reason_against(self, own: int = 0) -> str:
        """Return why the primary must answer; "" if the replica may. own: the position after the client's last write.

        A replica that has replayed a sample has all that was written before. Its own idea of the lag is not asked for:
        that is 0 as well when it has lost the primary.
        """
        if time.monotonic() < self.away_until:
            return self.reason
        try:
            replayed = position(REPLICA, "pg_last_wal_replay_lsn()")
        except (OperationalError, InterfaceError) as error:
            return self.lose(error)
        now = self.sample_primary()
        if not any(reached <= replayed for _, reached in self.samples):
            if now - self.watched_since < settings.REPLICA_LAG:
                return self.reason or "how far it is behind is not known yet"
            return self.set_reason(f"more than {settings.REPLICA_LAG} s behind")
        self.set_reason("")
        return "" if own <= replayed else "the client's last write is not replayed yet"

    def sample_primary(self) -> float:
        """Take a sample of the primary's position, unless the last one is young enough; return time.monotonic()."""
        now = time.monotonic()
        young = tuple(sample for sample in self.samples if now - sample[0] <= settings.REPLICA_LAG)
        if not young:
            self.watched_since = now
        elif now - young[-1][0] < SAMPLE_SECONDS:
            return now
        try:
            self.samples = (*young, (now, position(DEFAULT_DB_ALIAS, "pg_current_wal_flush_lsn()")))
        except (OperationalError, InterfaceError) as error:  # what needs the primary will say so
            log.warning("the primary's position cannot be read: %s", error)
            self.samples = young
        return now

    def lose(self, error: Exception) -> str:
        """Stop reading from a replica that has failed, for RETRY_SECONDS; return why."""
        connections[REPLICA].close()
        self.away_until = time.monotonic() + RETRY_SECONDS
        return self.set_reason(f"unreachable: {str(error).splitlines()[0]}")

    def set_reason(self, reason: str) -> str:
        """Set and return the reason, and log a change between the replica and the primary."""
        if bool(reason) != bool(self.reason):
            log.warning("the primary serves: the replica is %s" if reason else "the replica serves again%s", reason)
        self.reason = reason
        return reason


replica = Replica()


def position(alias: str, function: str) -> int:
    """Return a position of a server's log, as bytes; 0 if it has none, as the replay of a server that is no replica."""
    with connections[alias].cursor() as cursor:
        cursor.execute(f"SELECT coalesce(pg_wal_lsn_diff({function}, '0/0'), 0)::bigint")
        row: tuple[int] = cursor.fetchone()
    return row[0]


class Reads:
    """Server that one request reads from, which is decided when it first reads."""

    def __init__(self, request: HttpRequest, from_replica: bool | None = None) -> None:
        self.request = request
        self.from_replica = from_replica  # None: not decided
        self.has_written = False
        self.error: Exception | None = None  # the replica's, on the way

    def alias(self) -> str:
        if self.has_written:
            return DEFAULT_DB_ALIAS
        if self.from_replica is None:
            self.from_replica = only_reads(self.request) and may_use_replica(self.request)
            self.error = None  # it was seen there
        return REPLICA if self.from_replica else DEFAULT_DB_ALIAS

    def watch(self, execute: Callable[..., Any], *call: Any) -> Any:
        """Run a statement on the replica, and note that it is away: Django's `execute_wrapper`."""
        try:
            return execute(*call)
        except (OperationalError, InterfaceError) as error:
            self.error = error
            raise


_reads: ContextVar[Reads | None] = ContextVar("reads", default=None)  # None outside of requests


def only_reads(request: HttpRequest) -> bool:
    """Return whether a request reads what a replica has: by its method, or as its view says of all its methods."""
    match = request.resolver_match
    if match is None or "admin" in match.app_names:
        return False
    return request.method in ("GET", "HEAD") or getattr(getattr(match.func, "cls", None), "only_reads", False)


def may_use_replica(request: HttpRequest) -> bool:
    """Return whether the replica has all that the client of the request has written, and is not far behind."""
    try:
        own = int(memory.client().get(mark_of(request)) or 0)
    except RedisError:  # nobody knows what the client has written
        return False
    return not replica.reason_against(own)


def mark_of(request: HttpRequest) -> str:
    """Return the key of the client's last write: of a token, a session or, with neither, an address."""
    token, session = request.headers.get("Authorization"), request.session.session_key
    client = f"token {token}" if token else f"session {session}" if session else request.META.get("REMOTE_ADDR", "")
    return f"write:{sha256(client.encode()).hexdigest()}"


def mark_write(request: HttpRequest) -> None:
    """Save the position after a client's write, for as long as the replica may be behind."""
    try:
        reached = position(DEFAULT_DB_ALIAS, "pg_current_wal_insert_lsn()")  # the flush of a commit may be delayed
        memory.client().set(mark_of(request), reached, ex=ceil(settings.REPLICA_LAG) + 1)
    except (RedisError, OperationalError, InterfaceError) as error:
        log.warning("a client may not see its own write for %s s: %s", settings.REPLICA_LAG, error)


class ReplicaRouter:
    """Django's database router: reads as the current request does, writes to the primary."""

    def db_for_read(self, model: type[Model], **hints: object) -> str:
        reads = _reads.get()
        if reads is None or model._meta.app_label not in APPS or connections[DEFAULT_DB_ALIAS].in_atomic_block:
            return DEFAULT_DB_ALIAS
        return reads.alias()

    def db_for_write(self, model: type[Model], **hints: object) -> str:
        reads = _reads.get()
        if reads and model._meta.app_label in APPS:
            reads.has_written = True
        return DEFAULT_DB_ALIAS

    def allow_relation(self, first: Model, second: Model, **hints: object) -> bool:
        return True

    def allow_migrate(self, db: str, app_label: str, **hints: object) -> bool:
        return db == DEFAULT_DB_ALIAS


class ReplicaMiddleware:
    """Let a request read from the replica, answer it anew by the primary if that fails, and note its write.

    After the sessions' middleware, whose key tells the client.
    """

    def __init__(self, get_response: Get) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        reads = Reads(request)
        response = self.respond(reads)
        if reads.error:
            replica.lose(reads.error)
            reads = Reads(request, from_replica=False)
            response = self.respond(reads)
        if reads.has_written:
            mark_write(request)
        return response

    def respond(self, reads: Reads) -> HttpResponse:
        token = _reads.set(reads)
        try:
            with connections[REPLICA].execute_wrapper(reads.watch):
                return self.get_response(reads.request)
        finally:
            _reads.reset(token)
