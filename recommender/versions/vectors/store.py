"""Writes of vectors: stored, replaced, deleted."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

import numpy as np
from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper
from django.db.models import QuerySet

from catalog.locks import lock_against_deletion
from catalog.models import Product, ProductImage, Shopper
from recommender import broker
from recommender.models import ImageEmbedding, ModelVersion, ShopperVector
from recommender.versions.vectors.binary_copy import copy_rows

Vector = Sequence[float] | np.ndarray


@transaction.atomic
def embed_again(products: QuerySet[Product]) -> int:
    """Delete the products' embeddings and queue their images to be embedded again; return the number of images.

    Until a worker has done so the products are not found.
    """
    images = list(ProductImage.objects.filter(product__in=products).order_by("pk").values_list("pk", flat=True))
    ImageEmbedding.objects.filter(image__in=images).delete()
    broker.queue_embedding(images)
    return len(images)


@transaction.atomic
def store_vectors(version: ModelVersion, vectors: Iterable[tuple[int, int, Vector]], *, replace: bool = False) -> None:
    """Store (image id, product id, vector) triples; a vector that is there already stays, unless `replace` is set.

    Images that were deleted while they were being embedded are skipped. Of two vectors of one image the last counts.
    Raises ValueError for vectors that differ in length, and DataError for NaN and infinity; nothing is stored then.
    """
    rows = {image: (product, vector) for image, product, vector in vectors}
    # Locked, so that a deletion waits for us, or is seen here, and never leaves a row without its image.
    lock_against_deletion(Product.objects.filter(pk__in={product for product, _ in rows.values()}).values_list("pk"))
    locked = ProductImage.objects.filter(pk__in=rows).order_by("pk").select_for_update(of=("self",), no_key=True)
    alive = list(locked.values_list("pk", flat=True))
    keys = [(image, rows[image][0]) for image in alive]
    # A vector that is the same is not written: each write costs an element of the HNSW index, and a dead row.
    changed = "recommender_imageembedding.vector <> excluded.vector"
    on_conflict = f"DO UPDATE SET vector = excluded.vector WHERE {changed}" if replace else "DO NOTHING"
    with copied("image_id, product_id", keys, [rows[image][1] for image in alive]) as cursor:
        cursor.execute(
            "INSERT INTO recommender_imageembedding (version_id, image_id, product_id, vector, created_at)"
            " SELECT %s, image_id, product_id, vector, now() FROM copied"
            f" ON CONFLICT (version_id, image_id) {on_conflict}",
            [version.pk],
        )


@transaction.atomic
def store_tastes(version: ModelVersion, tastes: Iterable[tuple[int, Vector]]) -> None:
    """Store (shopper id, vector) pairs in place of all that this version had before.

    Shoppers who were deleted meanwhile are skipped. Raises ValueError for vectors that differ in length, and DataError
    for NaN and infinity; nothing is changed then.
    """
    rows = dict(tastes)
    alive = lock_against_deletion(Shopper.objects.filter(pk__in=rows).values_list("pk"))
    ShopperVector.objects.filter(version=version).delete()
    with copied("shopper_id", alive, [rows[shopper] for (shopper,) in alive]) as cursor:
        cursor.execute(
            "INSERT INTO recommender_shoppervector (version_id, shopper_id, vector)"
            " SELECT %s, shopper_id, vector FROM copied",
            [version.pk],
        )


@contextmanager
def copied(columns: str, keys: Sequence[tuple[int, ...]], vectors: Sequence[Vector]) -> Iterator[CursorWrapper]:
    """Copy keys and vectors into the temporary table `copied`, which is dropped when the block ends.

    columns: names of the keys, with commas between.
    """
    declared = ", ".join(f"{name} bigint" for name in columns.split(", "))
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE TEMPORARY TABLE copied ({declared}, vector vector)")
        if keys:
            copy_rows("copied", np.array(keys), np.array(vectors, dtype=np.float32))
        yield cursor
        cursor.execute("DROP TABLE copied")
