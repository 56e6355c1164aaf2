"""Store, replace and forget the vectors of a version."""

from collections.abc import Iterable, Sequence

from django.db import transaction
from django.db.models import QuerySet

from catalog.models import Product, ProductImage
from recommender import broker
from recommender.models import ImageEmbedding, ModelVersion, ShopperVector

VECTOR_BATCH = 1000


@transaction.atomic
def embed_again(products: QuerySet[Product]) -> int:
    """Forget how these products look and have them looked at anew; returns how many pictures are queued.

    Until a worker has done so they are not found.
    """
    images = list(ProductImage.objects.filter(product__in=products).order_by("pk").values_list("pk", flat=True))
    ImageEmbedding.objects.filter(image__in=images).delete()
    broker.queue_embedding(images)
    return len(images)


def store_vectors(
    version: ModelVersion, vectors: Iterable[tuple[int, int, Sequence[float]]], *, replace: bool = False
) -> None:
    """Keep (image id, product id, vector) triples; a vector that is there already stays, unless it is to be replaced.

    Pictures that were deleted while they were being embedded are passed over.
    """
    rows = {image: (product, vector) for image, product, vector in vectors}
    on_conflict = (
        {"update_conflicts": True, "unique_fields": ["version", "image"], "update_fields": ["vector"]}
        if replace
        else {"ignore_conflicts": True}
    )
    with transaction.atomic():
        # Locked, so that a deletion waits for us, or is seen here, and never leaves a row without its picture.
        alive = ProductImage.objects.filter(pk__in=rows).select_for_update(of=("self",), no_key=True)
        ImageEmbedding.objects.bulk_create(
            [
                ImageEmbedding(version=version, image_id=image, product_id=rows[image][0], vector=rows[image][1])
                for image in alive.values_list("pk", flat=True)
            ],
            batch_size=VECTOR_BATCH,
            **on_conflict,
        )


@transaction.atomic
def store_tastes(version: ModelVersion, tastes: Iterable[tuple[int, Sequence[float]]]) -> None:
    """Keep (shopper id, vector) pairs in place of whatever this version knew before."""
    ShopperVector.objects.filter(version=version).delete()
    ShopperVector.objects.bulk_create(
        [ShopperVector(version=version, shopper_id=shopper, vector=vector) for shopper, vector in tastes],
        batch_size=VECTOR_BATCH,
    )
