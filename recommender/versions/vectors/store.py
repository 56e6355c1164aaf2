"""Writes of vectors: stored, replaced, deleted."""

from collections.abc import Iterable, Sequence

from django.db import transaction
from django.db.models import QuerySet

from catalog.models import Product, ProductImage
from recommender import broker
from recommender.models import ImageEmbedding, ModelVersion, ShopperVector

VECTOR_BATCH = 1000


@transaction.atomic
def embed_again(products: QuerySet[Product]) -> int:
    """Delete the products' embeddings and queue their images to be embedded again; return the number of images.

    Until a worker has done so the products are not found.
    """
    images = list(ProductImage.objects.filter(product__in=products).order_by("pk").values_list("pk", flat=True))
    ImageEmbedding.objects.filter(image__in=images).delete()
    broker.queue_embedding(images)
    return len(images)


def store_vectors(
    version: ModelVersion, vectors: Iterable[tuple[int, int, Sequence[float]]], *, replace: bool = False
) -> None:
    """Store (image id, product id, vector) triples; a vector that is there already stays, unless `replace` is set.

    Images that were deleted while they were being embedded are skipped.
    """
    rows = {image: (product, vector) for image, product, vector in vectors}
    with transaction.atomic():
        # Locked, so that a deletion waits for us, or is seen here, and never leaves a row without its image.
        alive = ProductImage.objects.filter(pk__in=rows).select_for_update(of=("self",), no_key=True)
        ImageEmbedding.objects.bulk_create(
            [
                ImageEmbedding(version=version, image_id=image, product_id=rows[image][0], vector=rows[image][1])
                for image in alive.values_list("pk", flat=True)
            ],
            batch_size=VECTOR_BATCH,
            ignore_conflicts=not replace,
            update_conflicts=replace,
            unique_fields=["version", "image"] if replace else None,
            update_fields=["vector"] if replace else None,
        )


@transaction.atomic
def store_tastes(version: ModelVersion, tastes: Iterable[tuple[int, Sequence[float]]]) -> None:
    """Store (shopper id, vector) pairs in place of all that this version had before."""
    ShopperVector.objects.filter(version=version).delete()
    ShopperVector.objects.bulk_create(
        [ShopperVector(version=version, shopper_id=shopper, vector=vector) for shopper, vector in tastes],
        batch_size=VECTOR_BATCH,
    )
