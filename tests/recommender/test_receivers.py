import pytest

from tests.factories import (
    InteractionFactory,
    ProductFactory,
)


@pytest.mark.django_db(transaction=True)
def test_an_upload_is_queued_for_embedding_once_it_is_committed(waiting):
    product = ProductFactory()

    assert waiting("embed") == [("embed_images", [[product.images.get().pk]])]


@pytest.mark.django_db
def test_an_upload_that_is_rolled_back_queues_nothing(waiting):
    ProductFactory()  # inside the test's transaction, which is never committed

    assert waiting("embed") == []


@pytest.mark.django_db
def test_forgetting_a_shopper_forgets_the_taste(active_personal):
    from catalog import interactions
    from recommender.models import ShopperVector

    shopper = InteractionFactory().shopper
    ShopperVector.objects.create(version=active_personal, shopper=shopper, vector=[1, 0])

    assert interactions.delete_history(shopper) == 1
    assert not ShopperVector.objects.exists()
