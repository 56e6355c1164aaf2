"""What followed on recommendations that were seen."""

import random
import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from recommender.models import Impression
from recommender.serving import outcomes
from tests.factories import InteractionFactory, ProductFactory, ShopperFactory

pytestmark = pytest.mark.django_db
SINCE = timezone.now() - timedelta(days=7)


def seen(placement: str, version: int = 1, **fields) -> uuid.UUID:
    recommendation = uuid.uuid4()
    Impression.objects.create(
        recommendation_id=recommendation,
        placement=placement,
        strategy="similar",
        version=version,
        positions=[1, 2],
        **fields,
    )
    return recommendation


def test_outcomes_are_those_that_name_a_recommendation_and_count_once():
    clicked, ignored, other = seen("cart"), seen("cart"), seen("home", version=2)
    seen("cart", shown_at=SINCE - timedelta(days=1))
    shopper = ShopperFactory()
    for kind, recommendation in (("click", clicked), ("click", clicked), ("purchase", clicked), ("click", None)):
        InteractionFactory(shopper=shopper, kind=kind, recommendation_id=recommendation)

    first, second = outcomes.by(["placement"], SINCE)

    assert (first.group, first.recommendations, first.results) == ({"placement": "cart"}, 2, 4)
    assert {kind: rate.count for kind, rate in first.rates.items()} == {"click": 1, "like": 0, "cart": 0, "purchase": 1}
    assert (second.group, second.rates["click"].value) == ({"placement": "home"}, 0)
    groups = [each.group for each in outcomes.by(["version", "strategy"], SINCE)]
    assert groups == [{"strategy": "similar", "version": 1}, {"strategy": "similar", "version": 2}]
    assert ignored and other


def test_a_known_rate_is_within_its_interval():
    draw, shopper, product = random.Random(3), ShopperFactory(), ProductFactory()
    rates = {"cart": 0.3, "home": 0.05}
    for placement, rate in rates.items():
        for _ in range(300):
            recommendation = seen(placement)
            if draw.random() < rate:
                InteractionFactory(shopper=shopper, product=product, kind="click", recommendation_id=recommendation)

    found = {each.group["placement"]: each.rates["click"].interval for each in outcomes.by(["placement"], SINCE)}

    assert all(low < rates[name] < high and high - low < 0.12 for name, (low, high) in found.items())


def test_an_interval_of_few_is_wide_and_within_bounds():
    assert outcomes.Rate(0, 1).interval == (0, pytest.approx(0.793, abs=0.001))
    assert outcomes.Rate(1, 1).interval == (pytest.approx(0.207, abs=0.001), 1)


def test_nothing_seen_is_nothing():
    assert outcomes.by(["placement"], SINCE) == []
