import math

import numpy as np
import pytest

from recommender.experiments import statistics
from recommender.experiments.statistics import ALPHA, TIGHTEST, Totals, boundary, difference, more_visitors, rate


def totals(x: np.ndarray, y: np.ndarray) -> Totals:
    """The sums of arms of visitors, of lists and outcomes of each."""
    return Totals(len(x), *(int(each) for each in (x.sum(), y.sum(), (x * x).sum(), (x * y).sum(), (y * y).sum())))


def population(generator: np.random.Generator, visitors: int, clicked: float) -> tuple[np.ndarray, np.ndarray]:
    """Lists that each visitor sees, and clicks on them: some people come often, and some click a lot."""
    x = 1 + generator.geometric(0.4, visitors)
    own = generator.beta(2, 2 / clicked - 2, visitors)
    return x, generator.binomial(x, own)


def test_the_variance_is_that_of_rates_of_many_populations():
    generator = np.random.default_rng(0)
    found = [totals(*population(generator, 400, 0.1)) for _ in range(2000)]

    spread = np.std([each.rate for each in found])

    assert np.mean([math.sqrt(each.variance) for each in found]) == pytest.approx(spread, rel=0.05)
    naive = np.mean([math.sqrt(each.rate * (1 - each.rate) / each.x) for each in found])
    assert naive < 0.93 * spread  # as if the lists of a visitor were independent


def test_the_variance_is_that_of_the_residuals_worked_out_by_hand():
    arm = totals(np.array([1, 2, 3]), np.array([1, 0, 1]))  # a rate of 1/3; residuals 2/3, -2/3, 0

    assert arm.rate == pytest.approx(1 / 3)
    assert arm.variance == pytest.approx((4 / 9 + 4 / 9) / 36 * 3 / 2)


def test_the_boundary_is_closest_where_it_is_meant_to_be():
    closest = boundary(TIGHTEST, ALPHA)

    assert closest == pytest.approx(3.035, abs=0.01)
    assert closest / math.sqrt(TIGHTEST) < min(
        boundary(n, ALPHA) / math.sqrt(n) for n in (TIGHTEST / 2, TIGHTEST * 0.9)
    )
    assert boundary(TIGHTEST, ALPHA / 2) > closest


def test_with_few_visitors_or_outcomes_nothing_is_concluded():
    few, many = Totals(99, 200, 60, 600, 180, 90), Totals(1000, 2000, 100, 6000, 300, 150)
    rare = Totals(1000, 2000, 5, 6000, 15, 6)

    assert rate(few).low is None and rate(many).low is not None
    assert difference(few, many).low is None and difference(rare, rare).low is None
    assert difference(many, rare).low is not None
    assert more_visitors(few, many) is None


def test_as_many_more_visitors_as_are_said_decide():
    generator = np.random.default_rng(1)
    first, second = totals(*population(generator, 2000, 0.10)), totals(*population(generator, 2000, 0.11))
    assert not difference(second, first).is_decided

    more = more_visitors(second, first)
    grown = [
        Totals(
            *(round(value * (1 + more / 4000)) for value in (each.visitors, each.x, each.y, each.xx, each.xy, each.yy))
        )
        for each in (second, first)
    ]

    assert more > 0
    assert difference(*grown).is_decided
    assert more_visitors(*grown) == 0
    assert more_visitors(first, first) is None


def looks(generator: np.random.Generator, rates: tuple[float, float], days: int, visitors: int):
    """Yield what is known of two arms after each day: old visitors come back, and new ones come."""
    own = [generator.beta(2, 2 / each - 2, days * visitors) for each in rates]
    x = np.zeros((2, days * visitors), dtype=int)
    y = np.zeros((2, days * visitors), dtype=int)
    for day in range(days):
        known = (day + 1) * visitors
        for arm in range(2):
            lists = generator.poisson(np.where(np.arange(known) < day * visitors, 0.3, 2))
            x[arm, :known] += lists
            y[arm, :known] += generator.binomial(lists, own[arm][:known])
        seen = [x[arm] > 0 for arm in range(2)]
        yield [totals(x[arm][seen[arm]], y[arm][seen[arm]]) for arm in range(2)]


@pytest.mark.slow
@pytest.mark.parametrize("clicked", [0.02, 0.1, 0.3])
def test_of_two_arms_that_are_the_same_nothing_is_found_in_95_of_100(clicked):
    """However often one looks: here after each of 30 days, in 400 experiments. By 1.96 standard errors it is many."""
    generator = np.random.default_rng(2)
    found, naive = 0, 0
    for _ in range(400):
        is_found = is_naive = False
        for control, arm in looks(generator, (clicked, clicked), days=30, visitors=100):
            is_found |= difference(arm, control).is_decided
            z = abs(arm.rate - control.rate) / math.sqrt(arm.variance + control.variance or math.inf)
            is_naive |= z > 1.96
        found, naive = found + is_found, naive + is_naive

    assert found <= 0.05 * 400
    assert naive > 0.15 * 400


def test_a_true_difference_is_within_the_interval_at_all_times_and_is_found():
    generator = np.random.default_rng(3)
    rates = (0.10, 0.14)
    missed = found = 0
    for _ in range(100):
        intervals = [difference(arm, control) for control, arm in looks(generator, rates, days=20, visitors=300)]
        known = [each for each in intervals if each.low is not None]
        missed += any(not each.low <= rates[1] - rates[0] <= each.high for each in known)
        found += known[-1].low > 0

    assert missed <= 5
    assert found >= 90


def test_the_intervals_of_several_arms_hold_together():
    generator = np.random.default_rng(4)
    wrong = 0
    for _ in range(100):
        control, *arms = (totals(*population(generator, 1000, 0.1)) for _ in range(4))
        wrong += any(difference(arm, control, comparisons=3).is_decided for arm in arms)

    assert wrong <= 5
    assert statistics.difference(arms[0], control, 3).high > statistics.difference(arms[0], control).high
