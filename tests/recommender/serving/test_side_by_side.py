"""The lists of two versions for the same products and shoppers."""

import pytest

from recommender.models import ShopperVector
from recommender.serving import side_by_side
from tests.factories import InteractionFactory, ProductFactory, ShopperFactory, VersionFactory, embed, turned
from tests.recommender.conftest import placed

pytestmark = pytest.mark.django_db


def skus(lists):
    return [[product.sku for product in products] for products in lists.lists]


def test_similar_styles_by_two_versions(active):
    query, near, far, late = placed(active, 0, 10, 40, 80)
    other = VersionFactory(dimensions=active.dimensions)
    for product, degrees in ((query, 0), (near, 60), (far, 20)):
        embed(product, other, turned(degrees))

    [only] = side_by_side.lists_of(active, other, query.sku)

    assert skus(only) == [[near.sku, far.sku, late.sku], [far.sku, near.sku]]
    assert only.shared == {near.pk, far.pk}
    assert side_by_side.shared_share([only]) == pytest.approx(2 / 3)
    found = side_by_side.lists_of(active, other)
    assert {each.product for each in found} == {query, near, far}
    assert side_by_side.lists_of(active, other, "nothing") == side_by_side.lists_of(active, other, late.sku) == []


def test_a_version_beside_itself_changes_nothing(active):
    placed(active, 0, 10, 40, 80)
    assert side_by_side.shared_share(side_by_side.lists_of(active, active)) == 1


def test_picks_of_two_versions_leave_out_what_the_shopper_knows():
    first, second = (VersionFactory(role="personal", metric="inner", dimensions=2) for _ in range(2))
    products = placed(first, 0, 30, 60)
    for product, degrees in zip(products, (60, 30, 0), strict=True):
        embed(product, second, turned(degrees))
    shopper, stranger = ShopperFactory.create_batch(2)
    InteractionFactory(shopper=shopper, product=products[1])
    for version in (first, second):
        ShopperVector.objects.create(version=version, shopper=shopper, vector=turned(0))
    ShopperVector.objects.create(version=first, shopper=stranger, vector=turned(0))

    [only] = side_by_side.lists_of(first, second)

    assert only.shopper == shopper
    assert skus(only) == [[products[0].sku, products[2].sku], [products[2].sku, products[0].sku]]


def test_there_are_no_lists_of_designs():
    designs = VersionFactory.create_batch(2, role="design")
    assert side_by_side.lists_of(*designs) == []
    assert side_by_side.shared_share([]) is None


def test_a_product_is_meant_by_its_sku_or_by_words():
    product = ProductFactory(sku="VR-7", title="Scarlet galoshes", image=False)

    assert [side_by_side.sku_of(text) for text in ("vr-7", "galoshes", "nothing")] == ["VR-7", product.sku, "nothing"]
