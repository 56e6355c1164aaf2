import io

import numpy as np
import pytest
from PIL import Image

from recommender.errors import NoActiveVersion
from recommender.models import ImageEmbedding
from recommender.workers import photos
from tests.recommender.workers.drawings import jpeg, search_version

pytestmark = pytest.mark.django_db


@pytest.fixture
def version():
    return search_version()


def test_a_photo_is_embedded_by_the_active_version_with_what_it_shows(version):
    row = ImageEmbedding.objects.select_related("product__category").first()

    found = photos.embed_photo(jpeg(Image.open(row.image.file.path)))

    vector = np.array(found["vector"])
    products = np.array([each.vector for each in ImageEmbedding.objects.order_by("pk")])
    assert found["version"] == version.pk
    assert (products @ vector).argmax() == 0
    thing = found["objects"][0]
    assert thing["label"] == row.product.category.name
    assert np.abs(np.subtract(thing["box"], (0.2, 0.3, 0.8, 0.7))).max() < 0.1


def test_a_part_is_searched_by_and_the_objects_are_the_whole_photo_s(version):
    one, other = (Image.open(row.image.file.path) for row in ImageEmbedding.objects.order_by("pk")[:2])
    both = Image.new("RGB", (200, 100), "white")
    both.paste(one, (2, 2))
    both.paste(other, (102, 2))

    found = photos.embed_photo(jpeg(both), jpeg(other))

    products = np.array([each.vector for each in ImageEmbedding.objects.order_by("pk")])
    assert (products @ np.array(found["vector"])).argmax() == 1
    assert len(found["objects"]) >= 2
    assert all(each["box"][2] <= 1 for each in found["objects"])


def test_what_matches_no_product_has_no_label(version):
    version.good_match = 1.0
    version.save()

    found = photos.embed_photo(jpeg(Image.effect_noise((80, 80), 90).convert("RGB")))

    assert {each["label"] for each in found["objects"]} == {""}


def test_a_photo_needs_an_active_version():
    with pytest.raises(NoActiveVersion):
        photos.embed_photo(jpeg(Image.new("RGB", (9, 9))))


def test_a_photo_is_opened_upright():
    file, exif = io.BytesIO(), Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (20, 10)).save(file, "JPEG", exif=exif)

    assert photos.open_photo(file.getvalue()).size == (10, 20)
