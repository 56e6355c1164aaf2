import uuid
from datetime import timedelta

import numpy as np
import pytest
from django.utils import timezone

from catalog.models import Kind
from recommender.audits import replay, together
from tests.factories import InteractionFactory, ShopperFactory, VersionFactory, embed, turned
from tests.recommender.conftest import placed

pytestmark = pytest.mark.django_db
NOW = timezone.now()


@pytest.fixture
def shop(active):
    """Two groups of products, each near to each other by the active version and mixed by another."""
    products = placed(active, *range(0, 24, 2), *range(90, 114, 2))
    other = VersionFactory(dimensions=2, started_at=NOW - timedelta(days=9))
    for number, product in enumerate(products):
        embed(product, other, turned(number * 7 % 12 * 15 + (number >= 12)))
    return active, other, products


def visit(products, kind="view", days_ago=1.0, shopper=None, **fields):
    shopper = shopper or ShopperFactory()
    for product in products:
        when = NOW - timedelta(days=days_ago)
        InteractionFactory(shopper=shopper, product=product, kind=kind, occurred_at=when, **fields)


def test_what_is_looked_at_together_is_near_by_the_better_version(shop):
    better, worse, products = shop
    for begin in (0, 12):
        for step in range(0, 12, 3):
            visit(products[begin + step : begin + step + 3])
        visit(products[begin : begin + 12 : 3])

    own, other = together.measure(better), together.measure(worse)

    assert own["auc/looked at together"] > 0.9 > 0.7 > other["auc/looked at together"]
    assert own["recall@10/looked at together"] > other["recall@10/looked at together"]
    low, high = own["intervals"]["auc/looked at together"]
    assert low <= own["auc/looked at together"] <= high
    assert not any("bought" in name for name in own)


def test_ranks_are_those_by_hand():
    matrix = np.array([[9, 3, 2, 1], [3, 9, 0, 0], [2, 0, 9, 0], [1, 0, 0, 9]], dtype=float)

    found = together.rank_partners(matrix, {0: np.array([1, 3]), 1: np.array([0, 2, 3])})

    assert found["auc"].tolist() == [0.5, 0.5]  # 3 is above 2, 1 is not; and nothing but partners
    assert found["recall@10"].tolist() == [1, 1]


def test_together_is_one_person_on_one_day_or_all_that_one_bought(shop):
    _, _, [a, b, c, d, *_] = shop
    shopper = ShopperFactory()
    visit([a, b], shopper=shopper)
    visit([c], days_ago=3, shopper=shopper)
    visit([a, d], kind="purchase", days_ago=1, shopper=shopper)
    visit([b], kind="cart", days_ago=40, shopper=shopper)
    visit([c])

    looked = together.read_groups((Kind.VIEW, Kind.CLICK), None, within_a_day=True)
    bought = together.read_groups((Kind.CART, Kind.PURCHASE), None, within_a_day=False)

    assert [set(group) for group in looked] == [{a.pk, b.pk}]
    assert [set(group) for group in bought] == [{a.pk, b.pk, d.pk}]


def test_what_a_list_led_to_and_what_no_person_does_is_left_out(shop, monkeypatch):
    monkeypatch.setattr(together, "MOST_TOGETHER", 3)
    _, _, products = shop
    visit(products[:2], recommendation_id=uuid.uuid4())
    visit(products[:4])

    assert together.read_groups((Kind.VIEW,), None, within_a_day=True) == []


def test_partners_are_named_by_both_and_products_without_a_vector_by_none():
    partners = together.partners_of([[5, 7, 99], [7, 8]], [5, 7, 8])

    assert {own: others.tolist() for own, others in partners.items()} == {0: [1], 1: [0, 2], 2: [1]}


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
def test_the_nearest_are_the_most_similar(metric):
    vectors = np.array([[1, 0], [0.9, 0.1], [0, 3]], dtype=np.float32)

    matrix = together.similarities(VersionFactory.build(metric=metric), vectors)

    assert matrix[0, 0] > matrix[0, 1] > matrix[0, 2]


def test_two_versions_are_compared_on_what_happened_since_both_were_trained(shop):
    better, worse, products = shop
    better.started_at = NOW - timedelta(days=2)
    better.save()
    for begin in (0, 12):
        for step in range(0, 12, 3):
            visit(products[begin + step : begin + step + 3], days_ago=5)
    assert together.differences(worse, better) == []
    for begin in (0, 12):
        for step in range(0, 12, 3):
            visit(products[begin + step : begin + step + 3], days_ago=1)

    [area, recall] = together.differences(worse, better)

    assert (area["name"], area["of"]) == ("auc/looked at together, since both were trained", 24)
    assert area["difference"] > 0 and area["interval"][0] > 0
    assert recall["name"].startswith("recall@10/looked at together")
    named = [each["name"] for each in replay.compare(worse, better)["measures"]]
    assert area["name"] in named and recall["name"] in named
    itself = together.differences(better, better)
    assert {(each["difference"], *each["interval"]) for each in itself} == {(0, 0, 0)}


def test_of_few_products_nothing_is_measured(shop):
    better, _, products = shop
    visit(products[:3])

    assert together.measure(better) == {}
