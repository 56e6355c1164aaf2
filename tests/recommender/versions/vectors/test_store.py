import pytest

from catalog.models import Product
from recommender.models import ImageEmbedding
from recommender.versions.vectors import store
from tests.factories import ProductFactory, embed

pytestmark = pytest.mark.django_db


def test_vectors_are_forgotten_and_their_pictures_queued(active, django_capture_on_commit_callbacks):
    again, other = ProductFactory(), ProductFactory()
    embed(again, active, [1, 0])
    kept = embed(other, active, [0, 1])

    with django_capture_on_commit_callbacks() as queued:
        assert store.embed_again(Product.objects.filter(pk=again.pk)) == 1

    assert list(ImageEmbedding.objects.all()) == [kept]
    assert len(queued) == 1
