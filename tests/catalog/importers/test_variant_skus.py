import pytest

from catalog.importers.variant_skus import VariantSkus
from catalog.interactions import Event
from catalog.models import Kind
from tests.factories import ProductFactory

pytestmark = pytest.mark.django_db


def test_a_sku_that_is_a_product_s_own_or_a_variant_of_several_stays(django_assert_num_queries):
    ProductFactory(sku="A", attributes={"Variant SKU": "A-1, A-2, B"}, image=False)
    ProductFactory(sku="B", attributes={"Variant SKU": "A-2", "ID": 7}, image=False)
    ProductFactory(sku="7", attributes=["ID"], image=False)
    variants = VariantSkus()
    events = [Event(sku=sku, kind=Kind.VIEW, user="u") for sku in ("A-1", "A-2", "B", "7", "id:7", "C")]

    with django_assert_num_queries(2):
        resolved = variants.resolve(events)
    with django_assert_num_queries(1):
        variants.resolve(events[:1])

    assert [event.sku for event in resolved] == ["A", "A-2", "B", "7", "B", "C"]
    assert variants.number == 3
