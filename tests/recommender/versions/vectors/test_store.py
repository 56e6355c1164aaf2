import math

import numpy as np
import pytest
from django.db import DataError, transaction

from catalog import products
from catalog.models import Product
from catalog.rows import Sql, fetch
from recommender.models import ImageEmbedding, ShopperVector
from recommender.versions.vectors import store
from tests.factories import ProductFactory, ShopperFactory, embed, turned
from tests.rivals import transaction_with_rivals

pytestmark = pytest.mark.django_db


def test_vectors_are_forgotten_and_their_pictures_queued(active, django_capture_on_commit_callbacks):
    again, other = ProductFactory(), ProductFactory()
    embed(again, active, [1, 0])
    kept = embed(other, active, [0, 1])

    with django_capture_on_commit_callbacks() as queued:
        assert store.embed_again(Product.objects.filter(pk=again.pk)) == 1

    assert list(ImageEmbedding.objects.all()) == [kept]
    assert len(queued) == 1


def test_storing_twice_changes_nothing_unless_asked_to(active):
    image = ProductFactory().images.get()

    store.store_vectors(active, [(image.pk, image.product_id, turned(0))])
    store.store_vectors(active, [(image.pk, image.product_id, turned(90))])
    assert ImageEmbedding.objects.get().vector == pytest.approx(turned(0), abs=1e-6)

    store.store_vectors(active, [(image.pk, image.product_id, turned(90))], replace=True)
    assert ImageEmbedding.objects.get().vector == pytest.approx(turned(90), abs=1e-6)


def test_a_vector_that_is_the_same_is_not_written_again(active):
    images = [ProductFactory().images.get() for _ in range(2)]
    store.store_vectors(active, [(image.pk, image.product_id, turned(0)) for image in images])

    def places():
        return [place for (place,) in fetch(Sql("SELECT ctid::text FROM recommender_imageembedding ORDER BY image_id"))]

    before = places()
    rows = [(image.pk, image.product_id, turned(angle)) for image, angle in zip(images, (0, 90), strict=True)]
    store.store_vectors(active, rows, replace=True)

    assert [place in before for place in places()] == [True, False]


def test_a_picture_deleted_meanwhile_is_passed_over(active):
    image = ProductFactory().images.get()
    gone = ProductFactory()
    ghost = (gone.images.get().pk, gone.pk, turned(0))
    gone.delete()

    store.store_vectors(active, [ghost, (image.pk, image.product_id, turned(0))])

    assert ImageEmbedding.objects.get().image == image


@pytest.mark.parametrize(
    ("vector", "error"),
    [
        ([math.nan, 1.0], DataError),
        ([0.0, math.inf], DataError),
        ([1e300, 0.0], DataError),  # infinite as a float of four bytes
        ([1.0, 0.0, 0.0], ValueError),  # another length than the others
        ([], ValueError),
    ],
)
@pytest.mark.filterwarnings("ignore:overflow encountered:RuntimeWarning")
def test_a_vector_that_cannot_be_compared_is_refused_with_all_that_came_with_it(active, vector, error):
    images = [ProductFactory().images.get() for _ in range(2)]
    former = embed(images[0].product, active, turned(45)).vector

    with pytest.raises(error), transaction.atomic():
        store.store_vectors(
            active,
            [(image.pk, image.product_id, each) for image, each in zip(images, (turned(0), vector), strict=True)],
            replace=True,
        )

    assert ImageEmbedding.objects.get().vector == pytest.approx(former)


def test_nothing_to_store_stores_nothing(active):
    store.store_vectors(active, [])
    store.store_tastes(active, [])

    assert not ImageEmbedding.objects.exists()


def test_tastes_take_the_place_of_all_former_ones_or_of_none(active_personal):
    ann, bob, cat = (ShopperFactory() for _ in range(3))
    store.store_tastes(active_personal, [(ann.pk, [1.0, 2.0]), (bob.pk, np.array([3.0, 4.0]))])

    with pytest.raises(DataError), transaction.atomic():
        store.store_tastes(active_personal, [(cat.pk, [math.nan, 0.0])])
    rows = ShopperVector.objects.filter(version=active_personal).values_list("shopper", "vector")
    assert {shopper: list(vector) for shopper, vector in rows} == {ann.pk: [1.0, 2.0], bob.pk: [3.0, 4.0]}

    gone = bob.pk
    bob.delete()
    store.store_tastes(active_personal, [(cat.pk, [0.0, 0.0]), (gone, [1.0, 2.0])])
    assert [(shopper, list(vector)) for shopper, vector in rows.all()] == [(cat.pk, [0.0, 0.0])]


@pytest.mark.django_db(transaction=True)
def test_a_deletion_waits_for_the_vectors_that_are_being_stored(active):
    image = ProductFactory().images.get()

    with transaction_with_rivals() as rival:
        store.store_vectors(active, [(image.pk, image.product_id, turned(0))])
        deletion = rival(transaction.atomic(products.delete), [image.product])  # not run again
        assert deletion.running()

    assert deletion.result() == 1
    assert not ImageEmbedding.objects.exists()
