import pytest
from django.db import connection

from catalog import images, products, rows
from catalog.models import Product
from catalog.rows import IN_STOCK, VISIBLE, Sql
from tests.factories import CategoryFactory, ProductFactory, image_bytes

pytestmark = pytest.mark.django_db


def test_products_are_built_with_all_that_lists_show(django_assert_num_queries):
    product = ProductFactory(attributes={"colour": "red"})

    with django_assert_num_queries(1):
        built = rows.products_by_id([product.pk])[product.pk]
        shown = [(image.file, image.thumbnail, image.width, image.height) for image in built.images.all()]
        assert (built, built.category.name, built.attributes) == (product, "Shoes", {"colour": "red"})
    product.refresh_from_db()
    assert shown == [(image.file, image.thumbnail, image.width, image.height) for image in product.images.all()]
    assert built.price == product.price


def test_images_come_in_their_order_with_the_marks_of_copies():
    product, bare = ProductFactory(), ProductFactory(image=False)
    products.add_images(product, [images.read_image(image_bytes(seed)) for seed in (1, 2)])
    products.arrange_images(product, [product.images.last().pk])
    stored = list(Product.objects.get(pk=product.pk).images.all())

    found = rows.fetch(
        Sql(f"SELECT {rows.COLUMNS} FROM catalog_product p {rows.CATEGORY} WHERE p.id = %s", (product.pk,))
    )

    assert list(rows.product_from_row(found[0]).images.all()) == stored
    assert rows.image_marks(found[0]) == [(image.content_hash, bytes(image.fingerprint)) for image in stored]
    built = rows.find_product(Sql("p.sku = %s", (bare.sku,)))
    assert (built, built.primary_image) == (bare, None)


def test_conditions_are_joined_with_their_parameters_in_order():
    shown, hidden = ProductFactory(price=5), ProductFactory(price=5, is_hidden=True)
    sold_out, dear = ProductFactory(price=5, in_stock=False), ProductFactory(price=50)
    where = Sql("p.price > %s", (1,)) & VISIBLE & Sql("p.price < %s", (10,)) & IN_STOCK

    assert rows.products_by_id([each.pk for each in (shown, hidden, sold_out, dear)], where) == {shown.pk: shown}
    assert rows.find_product(Sql("p.sku = %s", (hidden.sku,)) & VISIBLE) is None


def test_the_number_of_products_is_estimated_from_statistics():
    bags = CategoryFactory(name="Bags")
    for number in range(40):
        ProductFactory(image=False, **({"category": bags} if number % 4 == 0 else {}))
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE catalog_product")

    assert rows.estimated_count(VISIBLE) == 40
    assert rows.estimated_count(Sql("p.category_id = %s", (bags.pk,))) == pytest.approx(10, abs=1)
