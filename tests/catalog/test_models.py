import threading

import pytest
from django.db import connection, transaction
from django.urls import NoReverseMatch, clear_script_prefix, reverse, set_script_prefix

from catalog import products
from catalog.models import Category, Product, ProductCount, ProductImage, single_spaced
from tests.factories import CategoryFactory, ProductFactory, image_bytes

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


def kept_counts() -> dict[tuple[str, bool], int]:
    """The numbers that the triggers keep, by category and `is_hidden`."""
    found: dict[tuple[str, bool], int] = {}
    for name, is_hidden, count in ProductCount.objects.values_list("category__name", "is_hidden", "products"):
        found[name, is_hidden] = found.get((name, is_hidden), 0) + count
    return {key: count for key, count in found.items() if count}


def rows(count: int, category: Category, **fields) -> list[Product]:
    return [Product(sku=f"{category}-{n}", title="T", category=category, price=1, **fields) for n in range(count)]


def test_the_numbers_of_products_follow_every_statement():
    bags, hats = CategoryFactory(name="Bags"), CategoryFactory(name="Hats")

    Product.objects.bulk_create(rows(5, bags) + rows(3, hats, is_hidden=True))
    assert kept_counts() == {("Bags", False): 5, ("Hats", True): 3}

    Product.objects.bulk_create(rows(6, bags), ignore_conflicts=True)
    assert kept_counts() == {("Bags", False): 6, ("Hats", True): 3}

    products.hide(Product.objects.filter(sku__in=["Bags-0", "Bags-1"]))
    products.show(Product.objects.filter(sku="Hats-0"))
    assert kept_counts() == {("Bags", False): 4, ("Bags", True): 2, ("Hats", False): 1, ("Hats", True): 2}

    Product.objects.filter(category=bags).update(category=hats, price=2)
    assert kept_counts() == {("Hats", False): 5, ("Hats", True): 4}

    changed = list(Product.objects.filter(is_hidden=True)[:2])
    for product in changed:
        product.category, product.title = bags, "Other"
    Product.objects.bulk_update(changed, ["category", "title"])
    assert kept_counts() == {("Bags", True): 2, ("Hats", False): 5, ("Hats", True): 2}

    products.delete(Product.objects.filter(is_hidden=True))
    assert kept_counts() == {("Hats", False): 5}
    assert ProductCount.objects.count() == 1  # merged, not one for each statement


def test_a_rollback_takes_the_numbers_back():
    ProductFactory(category__name="Bags", image=False)

    with transaction.atomic():
        ProductFactory(category__name="Bags", image=False)
        transaction.set_rollback(True)

    assert kept_counts() == {("Bags", False): 1}


def test_nothing_is_left_of_truncated_products():
    ProductFactory(image=False)

    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; TRUNCATE catalog_product CASCADE")

    assert not ProductCount.objects.exists()


def test_a_category_that_has_become_empty_is_deleted_with_its_numbers():
    product = ProductFactory(image=False)
    product.delete()

    product.category.delete()

    assert not ProductCount.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_writers_of_one_category_do_not_wait_for_each_other():
    bags, hats = CategoryFactory(name="Bags"), CategoryFactory(name="Hats")
    Product.objects.bulk_create(rows(1, bags) + rows(1, hats))

    def write(first: Category, second: Category) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '5s'")
        try:
            with transaction.atomic():
                ProductFactory(sku=f"of-{first}", category=first, image=False)
                barrier.wait(20)  # both hold what they have changed
                ProductFactory(sku=f"of-{first}-too", category=second, image=False)
                barrier.wait(20)
        except Exception as error:  # noqa: BLE001 -- for the test's own thread
            barrier.abort()
            failed.append(error)
        finally:
            connection.close()

    barrier, failed = threading.Barrier(2), []
    threads = [threading.Thread(target=write, args=args) for args in ((bags, hats), (hats, bags))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failed == []
    assert kept_counts() == {("Bags", False): 3, ("Hats", False): 3}
    products.delete(Product.objects.filter(category=bags))
    assert kept_counts() == {("Hats", False): 3}
    assert not ProductCount.objects.filter(category=bags).exists()


@pytest.mark.parametrize("sku", ["A-1", "a b", "ü/ö", "50%?#", "a+b=c&d;e", "~:@!$'()*,", "..", '"<>'])
@pytest.mark.parametrize("prefix", ["/", "/shop/"])
def test_the_address_of_a_product_is_what_its_route_says(sku, prefix):
    set_script_prefix(prefix)
    try:
        assert Product(sku=sku).get_absolute_url() == reverse("product", args=[sku])
    except NoReverseMatch:
        assert {*sku} & {"/", " "}  # which no SKU has
    finally:
        clear_script_prefix()
