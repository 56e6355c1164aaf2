import pytest

from catalog.arrays import IsAnyOf
from catalog.models import Product
from tests.factories import ProductFactory

pytestmark = pytest.mark.django_db


def test_a_row_with_any_of_the_values_is_found_and_no_other():
    first, second = (ProductFactory(sku=sku) for sku in ("it's", 'a"b\\{},%s'))
    ProductFactory(sku="other")

    assert set(Product.objects.filter(IsAnyOf("sku", [first.sku, second.sku, "none"]))) == {first, second}
    assert set(Product.objects.filter(IsAnyOf("pk", {first.pk}))) == {first}


def test_nothing_is_among_no_values():
    ProductFactory()
    assert not Product.objects.filter(IsAnyOf("sku", [])).exists()
    assert not Product.objects.filter(IsAnyOf("pk", [])).exists()
