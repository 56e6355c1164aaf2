import pytest

from recommender.models import ImageEmbedding
from tests.factories import ProductFactory, embed, turned

pytestmark = pytest.mark.django_db


def test_deleting_a_product_takes_its_vectors_at_once(active):
    product = ProductFactory()
    embed(product, active, turned(0))

    product.delete()

    assert not ImageEmbedding.objects.exists()
