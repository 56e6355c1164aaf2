"""Counts of searches by photo, and of those without a good match, by hour."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import connections, router
from django.utils import timezone

from catalog.rows import Sql, fetch
from recommender.models import PhotoSearches
from recommender.serving.outcomes import Rate

COUNT = """
    INSERT INTO recommender_photosearches (hour, searches, unmatched)
    VALUES (date_trunc('hour', now(), 'UTC'), 1, %s)
    ON CONFLICT (hour) DO UPDATE SET searches = recommender_photosearches.searches + 1,
        unmatched = recommender_photosearches.unmatched + excluded.unmatched
"""
BY_TIME = """
    SELECT date_trunc(%s, hour, 'UTC'), sum(unmatched), sum(searches) FROM recommender_photosearches
    WHERE hour >= %s GROUP BY 1 ORDER BY 1
"""


def count(*, is_matched: bool) -> None:
    """Count a search by photo."""
    with connections[router.db_for_write(PhotoSearches)].cursor() as cursor:
        cursor.execute(COUNT, [0 if is_matched else 1])


def unmatched_over_time(step: str, since: datetime) -> list[tuple[datetime, Rate]]:
    """Return the share of searches without a good match by hour or day (outcomes.STEPS); the oldest first."""
    return [(at, Rate(int(unmatched), int(searches))) for at, unmatched, searches in fetch(Sql(BY_TIME, (step, since)))]


def unmatched_since(since: datetime) -> Rate | None:
    """Return the share of searches without a good match; None without searches."""
    rates = [rate for _, rate in unmatched_over_time("hour", since)]
    return Rate(sum(rate.count for rate in rates), sum(rate.of for rate in rates)) if rates else None


def delete_old() -> None:
    """Delete the counts that are as old as impressions get, VISREC_IMPRESSION_DAYS."""
    PhotoSearches.objects.filter(hour__lt=timezone.now() - timedelta(days=settings.IMPRESSION_DAYS)).delete()
