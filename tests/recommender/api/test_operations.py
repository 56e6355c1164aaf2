"""Uploads, searches by photo and queues over REST."""

from datetime import timedelta

import pytest
from django.utils import timezone

from catalog import readings
from recommender.models import Activation
from recommender.serving import photo_counts
from tests.factories import ProductFactory, embed, turned

pytestmark = pytest.mark.django_db
URL = "/api/v1/metrics/operations/"


def test_it_has_what_the_first_page_shows(staff, active):
    at = timezone.now() - timedelta(minutes=1)
    Activation.objects.create(role="similar", version=active, name=str(active), at=at)
    type(active).objects.update(activated_at=at)
    embed(ProductFactory(), active, turned(0))
    readings.set_aside({ProductFactory().images.get().pk: "is no picture"})
    photo_counts.count(is_matched=False)

    found = staff.get(URL).json()

    uploads = found["uploads"]
    assert uploads["images"] == uploads["over_time"][0]["images"] == 1 and 0 <= uploads["p95"] < 60
    assert uploads["not_findable"] == [{"reason": "have no picture that can be read", "count": 1}]
    assert (uploads["problems"], uploads["unreadable"]) == ([{"reason": "is no picture", "count": 1}], 1)
    assert [(day["searches"], day["unmatched"]) for day in found["photo_searches"]] == [(1, 1)]
    assert {queue["name"] for queue in found["queues"]} >= {"embed", "train"}


def test_without_uploads_there_are_no_seconds(staff):
    uploads = staff.get(URL).json()["uploads"]

    assert (uploads["images"], uploads["median"], uploads["over_time"]) == (0, None, [])
