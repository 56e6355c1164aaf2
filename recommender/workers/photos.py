"""Photos of visitors: the vector to search by, and what they show. Workers only."""

import io
from collections.abc import Sequence
from functools import partial

from PIL import Image

from catalog.models import Product
from ml.contract import SimilarModel
from ml.data.decoding import to_upright_rgb
from ml.nn.photo_search import PhotoSearch, Sighting
from recommender.broker import ObjectJson, PhotoEmbedding
from recommender.models import ModelVersion, Role
from recommender.versions import queries
from recommender.versions.vectors import nearest, scores
from recommender.workers.embedding import model_of


def embed_photo(photo: bytes, part: bytes | None = None) -> PhotoEmbedding:
    """Embed a visitor's photo by the active similarity version. Raises NoActiveVersion.

    part: what the visitor has chosen of it; by default the search is by that object which comes nearest to a product.
    """
    version = queries.active_or_raise(Role.SIMILAR)
    search = search_of(version)
    if part is None:
        found = search.search(open_photo(photo))
        best = found[0]
    else:
        found = search.survey(open_photo(photo))
        best = search.search(open_photo(part))[0]
    return {"version": version.pk, "vector": best.vector.tolist(), "objects": objects_of(version, found)}


def search_of(version: ModelVersion, without: int | None = None) -> PhotoSearch:
    """Return the search by photos of a version. without: the id of a product that counts as not in the shop."""
    found = partial(nearest.nearest_products, version, without=without)
    return PhotoSearch(model_of(version, SimilarModel), found)


def open_photo(photo: bytes) -> Image.Image:
    return to_upright_rgb(Image.open(io.BytesIO(photo)))


def objects_of(version: ModelVersion, found: Sequence[Sighting]) -> list[ObjectJson]:
    """Return the objects that are good matches of a product, labelled with its category; all of them if none is."""
    floor = version.good_match or 0.0
    matches = [each for each in found if scores.score(version, each.distance) >= floor]
    products = Product.objects.filter(pk__in=[each.nearest for each in matches])
    labels = dict(products.values_list("pk", "category__name"))
    return [{"box": list(each.box), "label": labels.get(each.nearest, "")} for each in matches or found]
