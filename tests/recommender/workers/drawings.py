"""Drawn products, and a version that finds them by photo."""

import io

from PIL import Image, ImageDraw

from ml.data.images import ImageArray
from ml.models.factory import create
from ml.training import checkpoints
from ml.training.loop import fit
from recommender.models import ModelVersion
from recommender.workers import embedding
from tests.factories import ProductFactory, VersionFactory


def drawn(seed: int) -> bytes:
    """A thing of its own shape and colours in the middle of a white square."""
    image = Image.new("RGB", (96, 96), "white")
    draw, hue = ImageDraw.Draw(image), seed * 47 % 360
    draw.rectangle((20, 30 - seed % 7, 76, 66 + seed % 9), fill=f"hsl({hue}, 90%, 45%)")
    draw.rectangle((20, 40, 76, 44 + seed % 5), fill=f"hsl({(hue + 120 + 9 * seed) % 360}, 80%, 30%)")
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def jpeg(image: Image.Image) -> bytes:
    file = io.BytesIO()
    image.save(file, "JPEG", quality=92)
    return file.getvalue()


def search_version() -> ModelVersion:
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
