import pytest

from catalog.models import Product, ProductImage, single_spaced
from tests.factories import ProductFactory, image_bytes

pytestmark = pytest.mark.django_db


def test_only_products_that_are_not_hidden_are_visible():
    shown = ProductFactory()
    ProductFactory(is_hidden=True)

    assert list(Product.objects.visible()) == [shown]


def test_only_products_in_stock_are_in_stock():
    there = ProductFactory()
    ProductFactory(in_stock=False)

    assert list(Product.objects.in_stock()) == [there]


@pytest.mark.parametrize("count", [2, 4])
def test_a_list_with_images_costs_two_queries(django_assert_num_queries, count):
    for _ in range(count):
        ProductFactory()

    with django_assert_num_queries(2):
        listed = [(product.category.name, product.primary_image) for product in Product.objects.with_images()]

    assert len(listed) == count
    assert all(image for _, image in listed)


def test_the_primary_image_has_the_lowest_position():
    product, bare = ProductFactory(), ProductFactory(image=False)
    first = product.images.get()
    ProductImage.objects.create(product=product, position=7, file="products/x.png", width=1, height=1)

    assert (product.primary_image, bare.primary_image) == (first, None)


def test_a_small_image_is_displayed_itself_and_a_large_one_by_its_thumbnail(settings):
    settings.THUMBNAIL_PIXELS = 100

    small, large = ProductFactory(image=1), ProductFactory(image=image_bytes(1, size=200))

    assert small.primary_image.display_url == small.primary_image.file.url
    assert large.primary_image.display_url == large.primary_image.thumbnail.url


def test_white_space_becomes_single_spaces():
    assert single_spaced("  High \t heels\n") == "High heels"
