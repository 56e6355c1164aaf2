import pytest

from catalog.models import Interaction
from recommender.models import Popularity
from recommender.serving import popularity
from tests.factories import (
    InteractionFactory,
    ProductFactory,
    ShopperFactory,
)


@pytest.mark.django_db
def test_popularity_counts_shoppers_and_guests_once_and_no_dislikes():
    liked, disliked = ProductFactory(), ProductFactory()
    shopper = ShopperFactory()
    for kind in ("view", "like"):
        InteractionFactory(shopper=shopper, product=liked, kind=kind)
    InteractionFactory(shopper=None, session="guest", product=liked)
    InteractionFactory(product=disliked, kind="dislike")

    assert popularity.count() == 1
    assert Popularity.objects.get().shoppers == 2

    Interaction.objects.all().delete()
    assert popularity.count() == 0
    assert not Popularity.objects.exists()
