import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from recommender import broker
from recommender.errors import NoActiveVersion, WorkersUnavailable
from recommender.models import PhotoSearches
from recommender.serving import photos, recommend
from recommender.serving.photos import Photo
from recommender.serving.types import PhotoFindings, PhotoObject, RecommendationQuery
from recommender.versions.vectors import scores
from tests.factories import image_bytes, turned
from tests.recommender.conftest import placed, shown

pytestmark = pytest.mark.django_db

PHOTO = Photo(image_bytes())


def test_a_photo_finds_what_is_near_by_the_version_that_embedded_it(active, monkeypatch):
    near, far = placed(active, 10, 80)
    objects = [{"box": [0.1, 0.2, 1 / 3, 0.9], "label": "shoes"}]
    embedding = {"version": active.pk, "vector": turned(0), "objects": objects}
    monkeypatch.setattr(broker, "request_photo_embedding", lambda whole, part: embedding)

    found = photos.products_like(PHOTO, RecommendationQuery())

    assert (found.strategy, found.version, shown(found)) == ("photo", active, [near, far])
    assert PhotoSearches.objects.values_list("searches", "unmatched").get() == (1, 0)
    assert found.photo == PhotoFindings((0.1, 0.2, 0.333, 0.9), [PhotoObject((0.1, 0.2, 0.333, 0.9), "shoes")])


def test_the_chances_are_those_of_the_nearest_product_by_its_score(active):
    active.match_curves = {"same_product": [3.0, -4.0], "same_style": [3.0, -2.0]}
    placed(active, 10, 80)
    found = recommend.products_like_photo(turned(0), active, RecommendationQuery())

    match = photos.match_of(active, found)

    assert match.same_product == scores.match_probability([3.0, -4.0], found.results[0].score)
    assert match.same_style > match.same_product
    assert photos.match_of(active, replace(found, results=[])) is None


def test_a_box_is_read_at_the_size_that_the_photo_has_there():
    image = Image.effect_noise((1600, 1200), 90).convert("RGB")
    file = io.BytesIO()
    image.save(file, "PNG")

    photo = photos.read_photo(file.getvalue(), (0.5, 0.25, 0.75, 0.5))

    sizes = [Image.open(io.BytesIO(data)).size for data in (photo.whole, photo.part)]
    assert sizes == [(512, 384), (400, 300)]
    pixels = np.asarray(Image.open(io.BytesIO(photo.part)), dtype=float)
    assert np.abs(pixels - np.asarray(image.crop((800, 300, 1200, 600)))).mean() < 10
    assert photos.read_photo(file.getvalue()).part is None


def test_without_an_active_version_no_worker_is_asked(monkeypatch):
    monkeypatch.setattr(broker, "request_photo_embedding", lambda whole, part: pytest.fail("a worker was asked"))

    with pytest.raises(NoActiveVersion, match="similar styles"):
        photos.products_like(PHOTO, RecommendationQuery())


def test_without_a_worker_the_search_gives_up(active, settings, waiting):
    settings.PHOTO_SEARCH_SECONDS = 0.1

    with pytest.raises(WorkersUnavailable, match="no worker"):
        photos.products_like(PHOTO, RecommendationQuery())
