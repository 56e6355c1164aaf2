"""The questions that serving, workers and the admin ask of versions and vectors."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db.models import Exists, F, OuterRef, QuerySet
from django.db.models.functions import Cast
from pgvector.django import CosineDistance, L2Distance, MaxInnerProduct, VectorField

from catalog.models import Product, ProductImage, Shopper
from recommender.models import SEEING, SERVABLE, ImageEmbedding, Metric, ModelVersion, Role, ShopperVector, State

# Up to this many rows are sorted exactly: 3 to 8 ms, and never a short or a poor list. Measured on 100,000 products, an
# HNSW scan that has to pass over most of its candidates finds .93 of the true neighbours in 26 ms, and .11 in 59 ms
# where the filter asks for another category than the query's.
EXACT_ROWS = 3000
DISTANCES = {Metric.COSINE: CosineDistance, Metric.EUCLIDEAN: L2Distance, Metric.INNER: MaxInnerProduct}


def active_version(role: Role) -> ModelVersion | None:
    return ModelVersion.objects.filter(role=role, state=State.ACTIVE).first()


def images_of_version(version: ModelVersion) -> QuerySet[ProductImage]:
    """The pictures that a version has vectors for: all, for personal ones the primary ones, for designs none."""
    if version.role == Role.SIMILAR:
        return ProductImage.objects.all()
    if version.role not in SEEING:
        return ProductImage.objects.none()
    return primary_images()


def primary_images() -> QuerySet[ProductImage]:
    """The first picture of each product that has one."""
    earlier = ProductImage.objects.filter(product=OuterRef("product"), position__lt=OuterRef("position"))
    return ProductImage.objects.filter(~Exists(earlier))


def images_without_embedding(version: ModelVersion) -> QuerySet[ProductImage]:
    """Pictures that this version has yet to see."""
    return images_of_version(version).filter(
        ~Exists(ImageEmbedding.objects.filter(version=version, image=OuterRef("pk")))
    )


def servable_versions() -> QuerySet[ModelVersion]:
    """Those that are to see every picture."""
    return ModelVersion.objects.filter(role__in=SEEING, state__in=SERVABLE)


def findable_since(products: Sequence[Product]) -> dict[int, datetime]:
    """When each of these products, by id, was first embedded by the active similarity version; absent: not yet."""
    rows = (
        ImageEmbedding.objects.filter(
            product__in=[product.pk for product in products],
            version__role=Role.SIMILAR,
            version__state=State.ACTIVE,
        )
        .values_list("product", "created_at")
        .order_by("-created_at")
    )
    return dict(rows)


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
