"""What is done with vectors once they are there."""

from django.db import transaction
from django.db.models import QuerySet

from catalog.models import Product, ProductImage
from recommender import tasks
from recommender.models import ImageEmbedding


@transaction.atomic
def embed_again(products: QuerySet[Product]) -> int:
    """Forget how these products look and have them looked at anew; returns how many pictures are queued.

    Until a worker has done so they are not found.
    """
    images = list(ProductImage.objects.filter(product__in=products).order_by("pk").values_list("pk", flat=True))
    ImageEmbedding.objects.filter(image__in=images).delete()
    tasks.queue_embedding(images)
    return len(images)
