from datetime import timedelta

import numpy as np
import pytest
from django.utils import timezone

from catalog.models import Category
from recommender.audits import paired
from recommender.audits.last_week import Request
from recommender.models import ShopperVector
from recommender.serving.types import RecommendationQuery
from tests.factories import InteractionFactory, ProductFactory, ShopperFactory, VersionFactory, embed, turned
from tests.recommender.conftest import placed


def test_a_mean_has_the_interval_of_the_normal_approximation():
    found = paired.mean([1, 2, 3, 6])

    half = 1.96 * np.std([1, 2, 3, 6], ddof=1) / 2
    assert (found["value"], found["interval"]) == (3, pytest.approx([3 - half, 3 + half]))
    assert paired.mean([5]) == {"value": 5, "interval": None}


def test_a_difference_is_that_of_pairs():
    found = paired.difference("precision", [(0.2, 0.4), (0.6, 0.8), (1, 1.2)])

    assert (found["name"], found["of"]) == ("precision", 3)
    assert found["values"] == pytest.approx([0.6, 0.8])
    assert (found["difference"], found["interval"]) == (pytest.approx(0.2), pytest.approx([0.2, 0.2]))


@pytest.mark.django_db
def test_lists_are_measured_against_categories_and_attributes(monkeypatch):
    monkeypatch.setattr(paired, "LEAST", 2)
    bags = Category.objects.create(name="Bags")
    red, red_bag, blue = (
        ProductFactory(image=False, attributes={"colour": colour, "heel": 7}) for colour in ("red", "red", "blue")
    )
    red_bag.category = bags
    rare = ProductFactory(image=False, attributes={"pattern": "dots"})
    asked = [
        Request(RecommendationQuery(), product=red),
        Request(RecommendationQuery(category="Bags"), product=blue),
        Request(RecommendationQuery(), product=rare),
        Request(RecommendationQuery(), product=red),
    ]
    lists = [([red_bag, blue], [red]), ([red_bag], [blue]), ([red], [blue]), ([], [blue])]

    by_category, by_colour = paired.agreement(asked, lists)

    assert (by_category["name"], by_category["of"]) == ("category, precision@5", 2)  # not where a filter decides
    assert by_category["values"] == [0.75, 1]
    assert (by_colour["name"], by_colour["of"], by_colour["values"]) == ("colour, precision@5", 2, [0.25, 1])


@pytest.mark.django_db
def test_what_shoppers_took_to_since_the_training_is_ranked_by_both():
    first, second = (VersionFactory(role="personal", metric="inner", dimensions=2) for _ in range(2))
    products = placed(first, 0, 30, 60, 90)
    for product, degrees in zip(products, (90, 60, 30, 0), strict=True):
        embed(product, second, turned(degrees))
    now = timezone.now()
    ada, ben = ShopperFactory.create_batch(2)
    for version in (first, second):
        ShopperVector.objects.create(version=version, shopper=ada, vector=turned(0))
        ShopperVector.objects.create(version=version, shopper=ben, vector=turned(0))
    learnt = now - timedelta(days=2)
    type(first).objects.update(started_at=learnt)
    for version in (first, second):
        version.refresh_from_db()
    InteractionFactory(shopper=ada, product=products[0], kind="like", occurred_at=now)
    InteractionFactory(shopper=ada, product=products[1], kind="view", occurred_at=now)  # says too little
    for days in (0, 3):  # known before
        InteractionFactory(shopper=ben, product=products[2], kind="like", occurred_at=now - timedelta(days=days))

    [found] = paired.taken_since(first, second)

    assert (found["of"], found["values"], found["difference"]) == (1, [1, 0], -1)
    assert paired.taken_since(first, first)[0]["difference"] == 0


@pytest.mark.django_db
def test_without_anything_new_nothing_is_measured():
    first, second = (VersionFactory(role="personal", metric="inner", dimensions=2) for _ in range(2))

    assert paired.taken_since(first, second) == []


def test_equal_scores_count_half():
    assert paired.auc(np.array([1.0, 2.0]), np.array([1.0, 0.0])) == pytest.approx(3.5 / 4)
