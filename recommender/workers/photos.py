"""Photos of visitors: the vector to search by, and which scores count as a match. Workers only."""

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageEnhance, ImageOps

from catalog.images import shrink_to_jpeg
from catalog.models import ProductImage
from ml.contract import SimilarModel
from ml.data.decoding import fit, to_upright_rgb
from recommender.models import ImageEmbedding, ModelVersion, Role
from recommender.serving.photos import PHOTO_PIXELS
from recommender.versions import queries
from recommender.versions.vectors import nearest, scores
from recommender.workers import photo_views
from recommender.workers.embedding import embed_pixels, model_of, to_tensor

CALIBRATED_BY = 50  # of the catalogue's images, spread over it
MISSED = 0.1  # share of altered images, which are harder than most photos, that count as no match


def embed_photo(photo: bytes) -> tuple[ModelVersion, list[float]]:
    """Embed a visitor's photo by the active similarity version. Raises NoActiveVersion."""
    version = queries.active_or_raise(Role.SIMILAR)
    return version, embed_best_view(version, to_upright_rgb(Image.open(io.BytesIO(photo))))[0]


def embed_best_view(version: ModelVersion, photo: Image.Image) -> tuple[list[float], float | None]:
    """Return the vector of that view of the photo which comes nearest to a product, and its score.

    None in turn of the score if the version has no vectors yet.
    """
    model = model_of(version, SimilarModel)
    assert model.image_size is not None
    pixels = np.stack([fit(view, model.image_size) for view in photo_views.views(photo)])
    with torch.inference_mode():
        vectors = embed_pixels(model, to_tensor(pixels), []).numpy()
    distances = nearest.nearest_distances(version, vectors)
    best = int(np.argmin(distances))
    vector: list[float] = vectors[best].tolist()
    return vector, scores.score(version, distances[best]) if np.isfinite(distances[best]) else None


def calibrate(version: ModelVersion) -> None:
    """Set the score that a photo search counts as a match, by images of the catalogue altered as photos differ.

    All but MISSED of them come as near to a product. Personal versions have no such score.
    """
    if version.role != Role.SIMILAR:
        return
    ids = ImageEmbedding.objects.filter(version=version).order_by("image").values_list("image", flat=True)
    spread = list(ids)[:: max(1, len(ids) // CALIBRATED_BY)]
    found: list[float] = []
    for turn, image in enumerate(ProductImage.objects.readable().filter(pk__in=spread).order_by("pk")):
        file = shrink_to_jpeg(Path(image.file.path).read_bytes(), PHOTO_PIXELS)
        photo = altered(Image.open(io.BytesIO(file)).convert("RGB"), turn)
        score = embed_best_view(version, photo)[1]
        found += [] if score is None else [score]
    if found:
        version.good_match = float(np.quantile(found, MISSED))
        ModelVersion.objects.filter(pk=version.pk).update(good_match=version.good_match)


def altered(image: Image.Image, turn: int) -> Image.Image:
    """Return a product's image as another camera might have taken it: one of seven ways, by turns."""
    width, height = image.size
    ways: Sequence[Image.Image] = (
        ImageOps.expand(ImageOps.mirror(image), max(width, height) // 4, "white"),
        ImageEnhance.Brightness(image).enhance(0.7),
        image.rotate(10, Image.Resampling.BICUBIC, fillcolor="white"),
        image.crop((width // 8, height // 8, width - width // 8, height - height // 8)),
        image.crop((width // 5, height // 5, width - width // 5, height - height // 5)),
        ImageOps.expand(image, max(width, height) // 10, (128, 128, 128)),
        ImageOps.expand(image, max(width, height) // 10, "black"),
    )
    return ways[turn % len(ways)]
