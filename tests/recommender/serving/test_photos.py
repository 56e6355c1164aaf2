import pytest

from recommender import broker
from recommender.errors import NoActiveVersion, WorkersUnavailable
from recommender.serving import photos
from recommender.serving.types import RecommendationQuery
from tests.factories import image_bytes, turned
from tests.recommender.conftest import placed, shown

pytestmark = pytest.mark.django_db


def test_a_photo_finds_what_is_near_by_the_version_that_embedded_it(active, monkeypatch):
    near, far = placed(active, 10, 80)
    monkeypatch.setattr(broker, "request_photo_vector", lambda photo: (active.pk, turned(0)))

    found = photos.products_like(image_bytes(), RecommendationQuery())

    assert (found.strategy, found.version, shown(found)) == ("photo", active, [near, far])


def test_without_an_active_version_no_worker_is_asked(monkeypatch):
    monkeypatch.setattr(broker, "request_photo_vector", lambda photo: pytest.fail("a worker was asked"))

    with pytest.raises(NoActiveVersion, match="similar styles"):
        photos.products_like(image_bytes(), RecommendationQuery())


def test_without_a_worker_the_search_gives_up(active, settings, waiting):
    settings.PHOTO_SEARCH_SECONDS = 0.1

    with pytest.raises(WorkersUnavailable, match="no worker"):
        photos.products_like(image_bytes(), RecommendationQuery())
