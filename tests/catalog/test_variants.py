import pytest

from catalog.models import Product
from catalog.variants import SkusOfVariants
from tests.factories import ProductFactory

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("attributes", "skus"),
    [({"Variant SKU": "A-1, A-2"}, ["A-1", "A-2"]), ({"Variant SKU": 7}, ["7"]), ({}, None), (["Variant SKU"], None)],
)
def test_the_skus_of_variants_are_an_array(attributes, skus):
    ProductFactory(attributes=attributes, image=False)
    assert Product.objects.annotate(skus=SkusOfVariants()).get().skus == skus
