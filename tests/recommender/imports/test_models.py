import pytest
from django.db import IntegrityError, transaction

from recommender.imports.models import Feed, ImportRun


@pytest.mark.django_db
def test_the_database_has_one_pending_import_of_a_feed():
    feed = Feed.objects.create(name="supplier", url="http://img.example/")
    running = ImportRun.objects.create(source=feed.url, feed=feed, status="running")

    with pytest.raises(IntegrityError, match="one_pending_import_per_feed"), transaction.atomic():
        ImportRun.objects.create(source=feed.url, feed=feed, status="queued")
    assert running.is_pending
    ImportRun.objects.create(source=feed.url, feed=feed, status="done")
    for _ in range(2):
        ImportRun.objects.create(source="shop.zip", status="queued")


def test_names_of_folders_cannot_be_guessed():
    assert len({ImportRun().token for _ in range(100)}) == 100
    assert len(ImportRun().token) == 32


def test_an_import_tells_how_many_problems_are_images():
    assert ImportRun(read=5, created=3, unchanged=1, failed=4).failed_images == 3
    assert ImportRun(kind="interactions", read=5, created=3, failed=4).failed_images == 0
