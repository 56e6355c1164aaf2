"""Nearest-neighbour queries over the stored embeddings."""

from collections.abc import Iterable, Sequence

from django.db.models import F, QuerySet
from django.db.models.functions import Cast
from pgvector.django import CosineDistance, L2Distance, MaxInnerProduct, VectorField

from catalog.models import Product, Shopper
from recommender.models import ImageEmbedding, Metric, ModelVersion, ShopperVector

# Up to this many rows are sorted exactly: 3 to 8 ms, and never a short or a poor list. Measured on 100,000 products, an
# HNSW scan that has to pass over most of its candidates finds .93 of the true neighbours in 26 ms, and .11 in 59 ms
# where the filter asks for another category than the query's.
EXACT_ROWS = 3000
DISTANCES = {Metric.COSINE: CosineDistance, Metric.EUCLIDEAN: L2Distance, Metric.INNER: MaxInnerProduct}


def indexed_vector(version: ModelVersion) -> Cast:
    """The expression that versions.build_index indexes; a search must repeat it to the letter."""
    return Cast("vector", VectorField(dimensions=version.dimensions))


def nearest_embeddings(
    version: ModelVersion, vector: Sequence[float], *, among: QuerySet[Product], limit: int, exact: bool = False
) -> QuerySet[ImageEmbedding]:
    """The `limit` embeddings of `among` closest to `vector`, nearest first, products and their pictures joined.

    vector: version.dimensions floats. Each row gains `.distance`: cosine (0 same, 2 opposite), Euclidean or minus the
    inner product, as the version's metric has it. exact: sort every row of `among` rather than walk the index.
    """
    measure = DISTANCES[version.metric]
    # The filter is applied after the index scan: without hnsw.iterative_scan (set in DATABASES) a narrow `among` comes
    # back short. Adding nothing to the distance is what keeps the planner from the index.
    order = F("distance") + 0.0 if exact else F("distance")
    return (
        ImageEmbedding.objects.filter(version=version, product__in=among)
        .select_related("product__category", "image")
        .prefetch_related("product__images")
        .annotate(distance=measure(indexed_vector(version), list(vector)))
        .order_by(order)[:limit]
    )


def is_narrow(among: QuerySet[Product]) -> bool:
    """Whether `among` is small enough to be sorted exactly; counts no further than that."""
    return among.order_by().values("pk")[: EXACT_ROWS + 1].count() <= EXACT_ROWS


def vector_of(version: ModelVersion, product: Product) -> list[float] | None:
    """How this version sees the product's primary picture; None if it has not seen it yet."""
    return (
        ImageEmbedding.objects.filter(version=version, image__product=product)
        .order_by("image__position", "image_id")
        .values_list("vector", flat=True)
        .first()
    )


def vectors_of(version: ModelVersion, products: Iterable[int]) -> dict[int, list[float]]:
    """How this version sees the primary pictures of these products, by product id; absent: not seen yet."""
    rows = ImageEmbedding.objects.filter(version=version, product__in=products)
    # Of several pictures the primary one comes last, and so is the one that stays.
    return dict(rows.order_by("-image__position", "-image_id").values_list("product_id", "vector"))


def trained_taste(version: ModelVersion, shopper: Shopper) -> list[float] | None:
    return ShopperVector.objects.filter(version=version, shopper=shopper).values_list("vector", flat=True).first()
