"""Feeds: imported on a schedule, one import of each at a time, by the same workers as files that were uploaded."""

from datetime import datetime, timedelta
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from catalog.fetching import fetch_blocks
from recommender.errors import ImportNotReady
from recommender.imports import runs, storage
from recommender.imports.models import Feed, ImportRun, RunStatus

if TYPE_CHECKING:
    from django.contrib.auth.models import User

SECONDS = 1800  # for all of a feed's file, with its redirects


def next_time(feed: Feed, now: datetime) -> datetime:
    """Return the next full hour after `now` at which a feed is imported."""
    at = now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    while (at.hour - feed.hour) % feed.interval:
        at += timedelta(hours=1)
    return at


def store(feed: Feed) -> None:
    """Save a feed, and plan its next import."""
    feed.next_at = next_time(feed, timezone.now())
    feed.save()


def start_due() -> None:
    """Queue an import of each feed whose time has come, unless one is pending."""
    now = timezone.now()
    for feed in Feed.objects.filter(is_enabled=True, next_at__lte=now):
        planned = Feed.objects.filter(pk=feed.pk, next_at=feed.next_at)
        if planned.update(next_at=next_time(feed, now)):
            request(feed)


def start(feed: Feed, *, by: "User | None", is_confirmed: bool = False) -> ImportRun:
    """Queue an import of a feed now. is_confirmed: what has left the feed is hidden however much it is.

    Raises ImportNotReady if one is pending.
    """
    run = request(feed, by=by, is_confirmed=is_confirmed)
    if run is None:
        raise ImportNotReady(
            f"an import of {feed} waits for a worker or is running; of one feed there is one at a time"
        )
    return run


def request(feed: Feed, *, by: "User | None" = None, is_confirmed: bool = False) -> ImportRun | None:
    """Queue an import of a feed; None if one is pending."""
    try:
        with transaction.atomic():
            run = ImportRun.objects.create(
                feed=feed,
                source=feed.url,
                requested_by=by,
                columns=feed.profile.columns if feed.profile else {},
                retire=feed.retire,
                most_retired=100 if is_confirmed else feed.most_retired,
                status=RunStatus.QUEUED,
            )
            runs.send(run)
    except IntegrityError:  # one_pending_import_per_feed
        return None
    return run


def fetch(run: ImportRun) -> Path:
    """Store the file of a feed for its import. Raises FetchRefused, FetchFailed, and OSError as when the disk is full.

    The URL is the feed's as it was when the import was requested.
    """
    name = PurePosixPath(unquote(urlsplit(run.source).path)).name or "feed"
    return storage.store(run, name, fetch_blocks(run.source, settings.ADMIN_BODY_LIMIT, seconds=SECONDS))
