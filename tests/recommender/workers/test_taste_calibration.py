from datetime import timedelta

import pytest
from django.utils import timezone

from recommender.workers import taste_calibration
from tests.factories import InteractionFactory, ProductFactory, ShopperFactory
from tests.recommender.workers.tastes import later_shop

pytestmark = pytest.mark.django_db


def test_what_each_took_first_after_the_training_stands_beside_what_it_never_took():
    version = later_shop(shoppers=4)

    trials = taste_calibration.later_trials(version)

    assert trials.scores[trials.taken].tolist() == [2.0] * 4
    assert trials.scores[~trials.taken].tolist() == [0.0] * 12  # of six products each took three
    assert trials.weights[trials.users == 0].sum() == pytest.approx(2)


def test_chances_are_compared_with_the_shares():
    bins, count = taste_calibration.later_reliability(later_shop(shoppers=4))

    assert count == 4
    low, high = bins
    assert (low.probability, low.share) == (pytest.approx(0.269, abs=0.001), 0)
    assert (high.probability, high.share) == (pytest.approx(0.731, abs=0.001), 1)


def test_shoppers_whom_the_version_does_not_know_and_products_without_vectors_are_left_out():
    version = later_shop(shoppers=2)
    InteractionFactory(shopper=ShopperFactory(), product=ProductFactory(), occurred_at=timezone.now())
    known = version.shopper_vectors.first().shopper
    InteractionFactory(shopper=known, product=ProductFactory(), occurred_at=version.finished_at + timedelta(minutes=1))

    trials = taste_calibration.later_trials(version)

    assert trials.taken.sum() == 2


def test_without_anything_since_there_is_nothing_to_compare():
    version = later_shop(shoppers=2)
    version.finished_at = timezone.now()

    assert taste_calibration.later_reliability(version) == ([], 0)
