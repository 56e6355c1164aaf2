from datetime import timedelta

import pytest
from django.utils import timezone

from recommender.models import PhotoSearches
from recommender.serving import photo_counts

pytestmark = pytest.mark.django_db


def test_searches_are_counted_by_hour_and_told_by_hour_or_day():
    for is_matched in (True, False, True):
        photo_counts.count(is_matched=is_matched)
    row = PhotoSearches.objects.get()
    assert (row.searches, row.unmatched) == (3, 1)
    assert str(row).startswith("3 searches by photo")
    earlier = row.hour - timedelta(days=1)
    PhotoSearches.objects.create(hour=earlier, searches=1, unmatched=1)

    found = photo_counts.unmatched_over_time("hour", earlier)

    assert [(at, rate.count, rate.of) for at, rate in found] == [(earlier, 1, 1), (row.hour, 1, 3)]
    assert [rate.of for _, rate in photo_counts.unmatched_over_time("day", earlier)] == [1, 3]
    rate = photo_counts.unmatched_since(row.hour)
    assert (rate.count, rate.of) == (1, 3)
    assert photo_counts.unmatched_since(timezone.now()) is None


def test_old_counts_are_deleted(settings):
    settings.IMPRESSION_DAYS = 1
    PhotoSearches.objects.create(hour=timezone.now() - timedelta(days=2), searches=1, unmatched=0)
    photo_counts.count(is_matched=True)

    photo_counts.delete_old()

    assert [row.searches for row in PhotoSearches.objects.all()] == [1]
