import pytest

from catalog.models import Product
from recommender.models import ImageEmbedding
from recommender.versions.vectors import store
from tests.factories import ProductFactory, embed, turned

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


def test_a_picture_deleted_meanwhile_is_passed_over(active):
    image = ProductFactory().images.get()
    gone = ProductFactory()
    ghost = (gone.images.get().pk, gone.pk, turned(0))
    gone.delete()

    store.store_vectors(active, [ghost, (image.pk, image.product_id, turned(0))])

    assert ImageEmbedding.objects.get().image == image
