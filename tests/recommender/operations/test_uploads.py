from datetime import timedelta

import pytest
from django.utils import timezone

from catalog import readings
from catalog.models import ImageDownload
from recommender.models import Activation, ImageEmbedding, ModelVersion
from recommender.operations import uploads
from tests.factories import ProductFactory, VersionFactory, embed, turned

pytestmark = pytest.mark.django_db


def test_uploads_tell_seconds_and_what_is_not_findable(active):
    ModelVersion.objects.filter(pk=active.pk).update(activated_at=timezone.now() - timedelta(minutes=5))
    embed(ProductFactory(image=1), active, turned(10))
    ProductFactory(image=2)

    found = uploads.uploads()

    assert (found.images, found.waiting, found.unfindable.unreadable) == (1, 1, 0)
    assert 0 <= found.median == found.p95 < 60


def test_images_that_a_new_version_embedded_are_no_uploads(active):
    embed(ProductFactory(image=1), active, turned(10))
    ModelVersion.objects.filter(pk=active.pk).update(activated_at=timezone.now() + timedelta(minutes=5))

    assert uploads.uploads().images == 0


def test_uploads_over_time_count_by_the_version_that_served_then(active):
    now = timezone.now()
    former = VersionFactory(state="retired")
    for version, at in ((former, now - timedelta(days=9)), (active, now - timedelta(days=1))):
        Activation.objects.create(role="similar", version=version, name=str(version), at=at)
    for days, by_former, by_active in ((2, 3, 9000), (2, 5, 9000), (0, 4000, 2)):
        product = ProductFactory()
        image = product.images.get()
        type(image).objects.filter(pk=image.pk).update(created_at=now - timedelta(days=days))
        for version, seconds in ((former, by_former), (active, by_active)):
            row = embed(product, version, turned(0))
            embedded = now - timedelta(days=days) + timedelta(seconds=seconds)
            ImageEmbedding.objects.filter(pk=row.pk).update(created_at=embedded)

    found = uploads.findable_over_time("day", now - timedelta(days=7))

    assert [(images, seconds) for _, images, seconds in found] == [(2, [3.0, 5.0]), (1, [2.0, 2.0])]
    assert [at.date() for at, *_ in found] == [(now - timedelta(days=2)).date(), now.date()]


def test_what_is_not_findable_is_counted_by_reason(active):
    embed(ProductFactory(), active, turned(0))
    ProductFactory()
    unreadable, awaited, given_up, _bare = ProductFactory(), *(ProductFactory(image=False) for _ in range(3))
    readings.set_aside({unreadable.images.get().pk: "is no picture"})
    ImageDownload.objects.create(product=awaited, url="http://img.example/1.png", is_primary=True)
    ImageDownload.objects.create(product=given_up, url="http://img.example/2.png", is_primary=True, retry_at=None)

    found = uploads.unfindable()

    assert found.reasons == [
        ("wait for a worker", 1),
        ("have no picture that can be read", 1),
        ("wait for a picture that is fetched by its URL", 1),
        ("have no picture", 2),
    ]
    assert (found.problems, found.unreadable, found.unfetched) == ([("is no picture", 1)], 1, 1)


def test_all_that_failed_is_tried_again_at_once(active, waiting, django_capture_on_commit_callbacks):
    unreadable, given_up = ProductFactory(), ProductFactory(image=False)
    image = unreadable.images.get()
    readings.set_aside({image.pk: "is no picture"})
    ImageDownload.objects.create(product=given_up, url="http://img.example/2.png", is_primary=True, retry_at=None)

    with django_capture_on_commit_callbacks(execute=True):
        assert uploads.try_all_again() == 2

    assert waiting("embed") == [("embed_images", [[image.pk]])]
    found = uploads.unfindable()
    assert (found.unreadable, found.unfetched) == (0, 0)
    assert ModelVersion.objects.get() == active
