"""Sessions in the database, as Django's, but for those whose cookie nobody has sent back: they are in the cache.

Programs that store no cookie would leave a row with each page that they read. A session gets its row when its cookie
comes back, or somebody signs in. What is forgotten before is a guest's first view.
"""

import logging
from collections.abc import Collection
from typing import Any

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends import db
from django.contrib.sessions.backends.base import CreateError
from django.core.cache import cache
from redis.exceptions import RedisError

log = logging.getLogger(__name__)

PREFIX = "session:"
SECONDS = 24 * 3600  # for which a cookie may take to come back


class SessionStore(db.SessionStore):
    """A session, for settings.SESSION_ENGINE."""

    is_new = False  # it was made for this request, and has no row

    def create(self) -> None:
        self.is_new = True
        super().create()

    def save(self, must_create: bool = False) -> None:
        data = self._get_session(no_load=must_create)  # type: ignore[attr-defined]  # not in the stubs
        if self.is_new and SESSION_KEY not in data and store(self.session_key or "", self.encode(data)):
            return
        super().save(must_create=must_create or self.is_new)
        self.is_new = False

    def load(self) -> dict[str, Any]:
        key = self.session_key or ""
        row = self._get_session_from_db()  # type: ignore[attr-defined]  # not in the stubs
        if row:
            return self.decode(row.session_data)
        text = find([key]).get(key)
        if text is None:
            return {}
        data: dict[str, Any] = self.decode(text)
        self._session_key, self._session_cache = key, data
        try:
            super().save(must_create=True)
        except CreateError:  # another request with the cookie came first
            log.debug("the session %s has a row already", key)
        return data

    def exists(self, session_key: str) -> bool:
        return super().exists(session_key) or bool(find([session_key]))

    def delete(self, session_key: str | None = None) -> None:
        super().delete(session_key)
        if key := session_key or self.session_key:
            forget(key)


def store(key: str, text: str) -> bool:
    """Store a session in the cache; return whether it is there."""
    try:
        cache.set(f"{PREFIX}{key}", text, SECONDS)
    except RedisError:
        return False
    return True


def find(keys: Collection[str]) -> dict[str, str]:
    """Return those of these sessions that are in the cache, by key. Keys may be whatever a caller sent."""
    possible = [key for key in keys if key.isascii() and key.isalnum()]  # as all of Django's
    try:
        found: dict[str, str] = cache.get_many([f"{PREFIX}{key}" for key in possible])
    except RedisError:
        return {}
    return {name.removeprefix(PREFIX): text for name, text in found.items()}


def forget(key: str) -> None:
    """Delete a session from the cache, where it may be."""
    try:
        cache.delete(f"{PREFIX}{key}")
    except RedisError as error:
        log.warning("a session stays in the cache for a while: %s", error)
