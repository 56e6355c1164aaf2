"""Popularity of products, for visitors whose taste is not known."""

from django.db import transaction
from django.db.models import CharField, Count, Value
from django.db.models.functions import Cast, Coalesce, NullIf

from catalog.models import Interaction, Kind
from recommender.models import Popularity


@transaction.atomic
def count() -> int:
    """Count the shoppers and guests of each product again, dislikes aside; return the number of products with any."""
    visitor = Coalesce(NullIf("session", Value("")), Cast("shopper_id", CharField()))
    counted = (
        Interaction.objects.exclude(kind=Kind.DISLIKE)
        .values("product_id")
        .annotate(shoppers=Count(visitor, distinct=True))
        .values_list("product_id", "shoppers")
        .order_by()
    )
    rows = [Popularity(product_id=product, shoppers=shoppers) for product, shoppers in counted]
    Popularity.objects.exclude(product__in=[row.product_id for row in rows]).delete()
    Popularity.objects.bulk_create(
        rows, batch_size=5000, update_conflicts=True, unique_fields=["product"], update_fields=["shoppers"]
    )
    return len(rows)
