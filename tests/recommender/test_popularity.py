import threading

import pytest
from django.db import connection, transaction

from catalog import interactions, products
from catalog.interactions import Event
from catalog.models import Interaction, Product
from recommender import popularity
from recommender.models import Popularity, PopularityChange
from tests.factories import (
    InteractionFactory,
    ProductFactory,
    ShopperFactory,
)


def counted() -> dict[str, int]:
    popularity.count()
    return dict(Popularity.objects.values_list("product__sku", "shoppers"))


@pytest.mark.django_db
def test_popularity_counts_shoppers_and_guests_once_and_no_dislikes():
    liked, disliked = ProductFactory(), ProductFactory()
    shopper = ShopperFactory()
    for kind in ("view", "like"):
        InteractionFactory(shopper=shopper, product=liked, kind=kind)
    InteractionFactory(shopper=None, session="guest", product=liked, is_verified=True)
    InteractionFactory(shopper=None, session=str(shopper.pk), product=liked, is_verified=True)  # not the shopper
    InteractionFactory(product=disliked, kind="dislike")

    assert popularity.count() == 1
    assert Popularity.objects.get().shoppers == 3

    Interaction.objects.all().delete()
    assert popularity.count() == 0
    assert not Popularity.objects.exists()


@pytest.mark.django_db
def test_a_guest_who_becomes_a_shopper_and_one_who_is_forgotten_count_no_longer():
    ann, bob = ShopperFactory(key="ann"), ShopperFactory(key="bob")
    one, other = ProductFactory(sku="one", image=False), ProductFactory(sku="other", image=False)
    InteractionFactory(shopper=ann, product=one)
    InteractionFactory(shopper=bob, product=other)
    for product in (one, other):
        InteractionFactory(shopper=None, session="guest", product=product, is_verified=True)
    assert counted() == {"one": 2, "other": 2}

    interactions.merge_guest("guest", ann)
    assert counted() == {"one": 1, "other": 2}

    interactions.delete_history(bob)
    assert counted() == {"one": 1, "other": 1}

    ann.delete()
    assert counted() == {}


@pytest.mark.django_db
def test_guests_count_as_the_root_of_as_many_shoppers_and_only_verified_ones():
    ProductFactory(sku="one", image=False)
    ProductFactory(sku="other", image=False)
    shoppers = [Event(sku="one", kind="view", user=f"user-{number}") for number in range(11)]
    guests = [Event(sku="other", kind="view", session=f"s-{number}", is_verified=True) for number in range(99)]
    invented = [Event(sku="other", kind="view", session=f"x-{number}") for number in range(900)]

    interactions.record(shoppers + guests + invented)

    assert counted() == {"one": 11, "other": 10}


@pytest.mark.django_db
def test_an_event_that_is_sent_again_changes_nothing_and_is_not_counted_again():
    ProductFactory(sku="one", image=False)
    event = Event(sku="one", kind="like", user="ann", id="e-1")
    interactions.record([event])
    assert counted() == {"one": 1}

    interactions.record([event])

    assert not PopularityChange.objects.exists()


@pytest.mark.django_db
def test_a_changed_interaction_counts_for_the_product_it_has_now():
    InteractionFactory(product=ProductFactory(sku="one", image=False))
    other = ProductFactory(sku="other", image=False)
    assert counted() == {"one": 1}

    Interaction.objects.update(product=other)

    assert counted() == {"other": 1}


@pytest.mark.django_db
def test_a_deleted_product_has_no_popularity():
    product, other = (ProductFactory(sku=sku, image=False) for sku in ("one", "other"))
    for each in (product, other):
        InteractionFactory(product=each)
    popularity.count()

    products.delete([product])

    assert counted() == {"other": 1}


@pytest.mark.django_db
def test_only_products_whose_interactions_changed_are_counted(django_assert_num_queries):
    first = InteractionFactory()
    popularity.count()
    Popularity.objects.update(shoppers=7)
    second = InteractionFactory()

    popularity.count_changed()

    assert dict(Popularity.objects.values_list("product", "shoppers")) == {first.product_id: 7, second.product_id: 1}


@pytest.mark.django_db
def test_more_changes_than_a_batch_are_all_counted(monkeypatch):
    monkeypatch.setattr(popularity, "BATCH", 2)
    for _ in range(5):
        InteractionFactory()

    assert popularity.count() == 5
    assert not PopularityChange.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_interactions_that_are_committed_during_a_count_are_counted_by_the_next():
    product = ProductFactory(sku="one", image=False)
    InteractionFactory(product=product)
    with transaction.atomic():
        InteractionFactory(product=product)
        elsewhere(popularity.count)
        assert dict(Popularity.objects.values_list("product__sku", "shoppers")) == {"one": 1}

    assert counted() == {"one": 2}


@pytest.mark.django_db(transaction=True)
def test_a_product_that_is_deleted_during_a_count_is_passed_over():
    gone, kept = (ProductFactory(sku=sku, image=False) for sku in ("gone", "kept"))
    for product in (gone, kept):
        InteractionFactory(product=product)
    count = threading.Thread(target=in_thread, args=(popularity.count,))
    with transaction.atomic():
        Product.objects.get(sku="gone").delete()
        count.start()
        count.join(timeout=1)
        assert count.is_alive()  # it has counted the product, and waits for what becomes of it
    count.join()

    assert dict(Popularity.objects.values_list("product__sku", "shoppers")) == {"kept": 1}


def in_thread(function) -> None:
    try:
        function()
    finally:
        connection.close()


def elsewhere(function) -> None:
    """Call the function in another thread, with a connection of its own, and wait."""
    thread = threading.Thread(target=in_thread, args=(function,))
    thread.start()
    thread.join()
