import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageOps

from catalog.images import shrink_to_jpeg
from ml.contract import SimilarModel
from ml.data.decoding import read_image
from ml.data.images import ImageArray
from ml.models.factory import create
from ml.training import checkpoints
from ml.training.loop import fit
from recommender.errors import NoActiveVersion
from recommender.models import ImageEmbedding, ModelVersion
from recommender.serving.photos import PHOTO_PIXELS
from recommender.workers import embedding, photos
from tests.factories import ProductFactory, VersionFactory

pytestmark = pytest.mark.django_db


def drawn(seed: int) -> bytes:
    """A thing of its own shape and colours in the middle of a white square."""
    image = Image.new("RGB", (96, 96), "white")
    draw, hue = ImageDraw.Draw(image), seed * 47 % 360
    draw.rectangle((20, 30 - seed % 7, 76, 66 + seed % 9), fill=f"hsl({hue}, 90%, 45%)")
    draw.rectangle((20, 40, 76, 44 + seed % 5), fill=f"hsl({(hue + 120 + 9 * seed) % 360}, 80%, 30%)")
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


@pytest.fixture
def version():
    """A trained `pixels` version in service, with the vectors of twenty products."""
    model = create("pixels")
    for _ in fit(model, ImageArray.decode([drawn(1000 + seed) for seed in range(12)], model.image_size)):
        pass
    version = VersionFactory(state="active", dimensions=model.dimensions)
    checkpoints.save(model, version.folder)
    embedding.load_model.cache_clear()
    for seed in range(20):
        ProductFactory(image=drawn(seed))
    list(embedding.embed_all(version))
    return version


def jpeg(image: Image.Image) -> bytes:
    file = io.BytesIO()
    image.save(file, "JPEG", quality=92)
    return file.getvalue()


ALTERATIONS = {
    "none": lambda image: image,
    "margin": lambda image: ImageOps.expand(image, 40, "white"),
    "grey margin": lambda image: ImageOps.expand(image, 15, (128, 128, 128)),
    "mirror": ImageOps.mirror,
    "turned": lambda image: image.transpose(Image.Transpose.ROTATE_90),
    "phone": lambda image: ImageOps.pad(image, (96, 170), color="white"),
}


@pytest.mark.parametrize("alteration", ALTERATIONS.values(), ids=ALTERATIONS)
def test_the_view_that_comes_nearest_to_a_product_is_searched_by(version, alteration):
    products = np.array([row.vector for row in ImageEmbedding.objects.all()])
    model = embedding.model_of(version, SimilarModel)
    for row in ImageEmbedding.objects.select_related("image")[:5]:
        photo = alteration(Image.open(row.image.file.path).convert("RGB"))

        found, vector = photos.embed_photo(jpeg(photo))

        as_it_is = model.embed(ImageArray(read_image(jpeg(photo), model.image_size)[None]).batch([0]))[0]
        assert found == version
        assert nearest(products, vector) >= nearest(products, as_it_is.numpy()) - 1e-6


def nearest(products: np.ndarray, vector: np.ndarray) -> float:
    """The largest cosine."""
    return float((products @ vector / np.linalg.norm(products, axis=1)).max() / np.linalg.norm(vector))


def test_a_photo_needs_an_active_version():
    with pytest.raises(NoActiveVersion):
        photos.embed_photo(jpeg(Image.new("RGB", (9, 9))))


def test_a_match_is_what_nearly_all_altered_pictures_have(version):
    photos.calibrate(version)

    floor = ModelVersion.objects.get(pk=version.pk).good_match
    found = []
    for turn, row in enumerate(ImageEmbedding.objects.order_by("image").select_related("image")):
        shrunk = shrink_to_jpeg(Path(row.image.file.path).read_bytes(), PHOTO_PIXELS)
        photo = photos.altered(Image.open(io.BytesIO(shrunk)).convert("RGB"), turn)
        found.append(photos.embed_best_view(version, photo)[1])
    assert sorted(found)[1] <= floor <= sorted(found)[2]
    flat = photos.embed_best_view(version, Image.new("RGB", (64, 64), (128, 128, 128)))[1]
    assert flat < floor


def test_a_personal_version_has_no_match():
    version = VersionFactory(role="personal", metric="inner")

    photos.calibrate(version)

    assert ModelVersion.objects.get(pk=version.pk).good_match is None
