import pytest
from django.core.files.storage import default_storage

from catalog import fingerprints, products
from catalog.models import Category, ProductImage
from tests.factories import CategoryFactory, ProductFactory, image_bytes

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


def test_pictures_that_were_stored_before_there_were_fingerprints_get_theirs(caplog):
    small, large, lost = ProductFactory(), ProductFactory(image=image_bytes(7, size=600)), ProductFactory()
    before = dict(ProductImage.objects.values_list("product", "fingerprint"))
    ProductImage.objects.update(fingerprint=None)
    default_storage.delete(lost.images.get().file.name)

    assert [products.add_missing_fingerprints(2) for _ in range(3)] == [2, 1, 0]

    after = dict(ProductImage.objects.values_list("product", "fingerprint"))
    assert bytes(after[small.pk]) == bytes(before[small.pk])
    assert fingerprints.match_fingerprints([after[large.pk], before[large.pk]])[0, 1]  # its thumbnail was looked at
    assert bytes(after[lost.pk]) == b""
    assert lost.images.get().file.name in caplog.text
