import uuid

import pytest
from django.utils import timezone

from recommender.admin import overview
from recommender.models import Impression
from tests.factories import VersionFactory

pytestmark = pytest.mark.django_db


def test_days_are_one_of_the_ranges():
    assert [overview.days_of(text) for text in ("7", "30", "", "8", "-1", "²", "7 days")] == [7, 30, 1, 1, 1, 1, 1]


def test_a_version_that_was_deleted_is_named_by_its_number():
    Impression.objects.create(recommendation_id=uuid.uuid4(), strategy="similar", version=987, positions=[1])

    assert overview.groups(("version",), 1)[0].name == "version 987, deleted"


def test_trainings_that_wait_come_first_then_the_last_ones_with_what_came_of_them():
    done = VersionFactory(metrics={"auc": 0.8}, by="ada", finished_at=timezone.now())
    failed = VersionFactory(state="failed", error="no pictures", finished_at=timezone.now())
    VersionFactory()  # imported, say: it was never trained here
    waiting = VersionFactory(state="queued")

    assert overview.trainings() == [
        (waiting, "waiting for a worker"),
        (failed, "no pictures"),
        (done, "auc 0.8"),
    ]
