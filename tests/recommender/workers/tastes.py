"""A shop with a personal version, and what its shoppers took after it was trained."""

from datetime import timedelta

from django.utils import timezone

from recommender.models import ModelVersion, ShopperVector
from tests.factories import InteractionFactory, ProductFactory, ShopperFactory, VersionFactory, embed


def later_shop(shoppers: int, score: float = 2.0) -> ModelVersion:
    """Each shopper has taken a product of no score before, and takes one of this score afterwards."""
    trained = timezone.now() - timedelta(days=1)
    version = VersionFactory(
        role="personal",
        method="dvbpr",
        metric="inner",
        state="active",
        dimensions=3,
        finished_at=trained,
        match_curves={"taken": [1.0, -1.0, 0.95]},
    )
    liked, *others = (ProductFactory() for _ in range(6))
    embed(liked, version, [score, 0.0, 0.0])
    for product in others:
        embed(product, version, [0.0, 1.0, 0.0])
    for _ in range(shoppers):
        shopper = ShopperFactory()
        ShopperVector.objects.create(version=version, shopper=shopper, vector=[1.0, 0.0, 0.0])
        InteractionFactory(shopper=shopper, product=others[0], occurred_at=trained - timedelta(days=1))
        InteractionFactory(shopper=shopper, product=liked, occurred_at=trained + timedelta(hours=1))
        InteractionFactory(shopper=shopper, product=others[1], occurred_at=trained + timedelta(hours=2))
    return version
