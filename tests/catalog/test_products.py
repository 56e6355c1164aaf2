import pytest

from catalog import products
from catalog.models import Category
from tests.factories import CategoryFactory, ProductFactory

pytestmark = pytest.mark.django_db


def test_a_new_product_joins_the_category_that_is_there_however_it_is_written():
    tops = CategoryFactory(name="Tops")

    product = products.create(sku="A", title="Shirt", category=" tops", price="5")

    assert product.category == tops
    assert Category.objects.get().name == "Tops"


def test_a_product_changes_to_a_category_that_is_there_or_that_is_new():
    tops, product = CategoryFactory(name="Tops"), ProductFactory(category=CategoryFactory(name="Hats"))

    products.update(product, category="TOPS")
    assert (product.category, Category.objects.count()) == (tops, 2)

    products.update(product, category="High  heels ")
    assert (product.category.name, Category.objects.count()) == ("High heels", 3)
