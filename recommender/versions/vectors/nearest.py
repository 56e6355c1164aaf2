"""Nearest-neighbour queries over the stored embeddings."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, TypedDict

import numpy as np
from django.db.models import F, QuerySet
from django.db.models.functions import Cast
from pgvector.django import CosineDistance, L2Distance, MaxInnerProduct, VectorField

from catalog.models import Product, ProductQuerySet, Shopper
from recommender.models import ImageEmbedding, Metric, ModelVersion, ShopperVector

if TYPE_CHECKING:
    from django_stubs_ext import WithAnnotations

# Up to this many rows are sorted exactly: 3 to 8 ms, and never a short or a poor list. Measured on 100,000 products, an
# HNSW scan that has to pass over most of its candidates finds .93 of the true neighbours in 26 ms, and .11 in 59 ms
# where the filter asks for another category than the query's.
EXACT_ROWS = 3000
DISTANCES = {Metric.COSINE: CosineDistance, Metric.EUCLIDEAN: L2Distance, Metric.INNER: MaxInnerProduct}


class Distance(TypedDict):
    distance: float


def indexed_vector(version: ModelVersion) -> Cast:
    """Return the expression that index.build_index indexes; a search must repeat it exactly."""
    return Cast("vector", VectorField(dimensions=version.dimensions))


def nearest_embeddings(
    version: ModelVersion,
    vector: Sequence[float] | np.ndarray,
    *,
    among: ProductQuerySet,
    limit: int,
    exact: bool = False,
) -> "QuerySet[WithAnnotations[ImageEmbedding, Distance]]":
    """Return the `limit` embeddings of `among` closest to `vector`, nearest first, products and their images joined.

    vector: version.dimensions floats. Each row gains `.distance`: cosine (0 same, 2 opposite), Euclidean or minus the
    inner product, as the version's metric has it. exact: sort every row of `among` rather than walk the index.
    """
    distance = DISTANCES[Metric(version.metric)]
    # The filter is applied after the index scan: without hnsw.iterative_scan (set in DATABASES) a narrow `among` comes
    # back short. Adding nothing to the distance is what keeps the planner from the index.
    order = F("distance") + 0.0 if exact else F("distance")
    return (
        ImageEmbedding.objects.filter(version=version, product__in=among)
        .select_related("product__category", "image")
        .prefetch_related("product__images")
        .annotate(distance=distance(indexed_vector(version), list(vector)))
        .order_by(order)[:limit]
    )


def is_narrow(among: ProductQuerySet) -> bool:
    """Return whether `among` is small enough to be sorted exactly; counts no further than that."""
    return among.order_by().values("pk")[: EXACT_ROWS + 1].count() <= EXACT_ROWS


def vector_of(version: ModelVersion, product: Product) -> list[float] | None:
    """Return the vector of the product's primary image by this version; None if there is none yet."""
    return (
        ImageEmbedding.objects.filter(version=version, image__product=product)
        .order_by("image__position", "image_id")
        .values_list("vector", flat=True)
        .first()
    )


def vectors_of(version: ModelVersion, products: Iterable[int]) -> dict[int, list[float]]:
    """Return the vectors of the products' primary images by this version, by product id; only those that are stored."""
    rows = ImageEmbedding.objects.filter(version=version, product__in=products)
    # Of several images the primary one comes last, and so is the one that stays.
    return dict(rows.order_by("-image__position", "-image_id").values_list("product_id", "vector"))


def trained_taste(version: ModelVersion, shopper: Shopper) -> list[float] | None:
    """Return the taste that the version learnt for the shopper; None if the shopper was not in its training."""
    return ShopperVector.objects.filter(version=version, shopper=shopper).values_list("vector", flat=True).first()
