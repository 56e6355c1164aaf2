import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from recommender.admin import overview
from recommender.models import Impression, ModelVersion
from tests.factories import ProductFactory, embed, turned

pytestmark = pytest.mark.django_db


def test_days_are_one_of_the_ranges():
    assert [overview.days_of(text) for text in ("7", "30", "", "8", "-1", "²", "7 days")] == [7, 30, 1, 1, 1, 1, 1]


def test_a_version_that_was_deleted_is_named_by_its_number():
    Impression.objects.create(recommendation_id=uuid.uuid4(), strategy="similar", version=987, positions=[1])

    assert overview.groups(("version",), 1)[0].name == "version 987, deleted"


def test_uploads_tell_seconds_and_what_is_not_findable(active):
    ModelVersion.objects.filter(pk=active.pk).update(activated_at=timezone.now() - timedelta(minutes=5))
    embed(ProductFactory(image=1), active, turned(10))
    ProductFactory(image=2)

    found = overview.uploads()

    assert (found.images, found.waiting, found.unreadable) == (1, 1, 0)
    assert 0 <= found.median == found.p95 < 60


def test_images_that_a_new_version_embedded_are_no_uploads(active):
    embed(ProductFactory(image=1), active, turned(10))
    ModelVersion.objects.filter(pk=active.pk).update(activated_at=timezone.now() + timedelta(minutes=5))

    assert overview.uploads().images == 0


def test_queues_are_listed_with_their_workers():
    assert {queue.name for queue in overview.queues()} >= {"embed", "train", "design"}
    assert {queue.worker for queue in overview.queues()} == {"no heartbeat"}
