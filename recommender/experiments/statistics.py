"""Rates of arms and their differences, with intervals that hold however often somebody looks at them.

They are asymptotic confidence sequences: with a probability of 95 % the interval has the true value at all times at
once, not only at one that was chosen before. So an experiment may be looked at daily, and stopped for what is seen.
Waudby-Smith, Arbour, Sinha, Kennedy & Ramdas, Annals of Statistics 2024, arXiv:2103.06476, equation (4).

A visitor sees several lists, which are not independent: rates are ratios of two sums over visitors, and their variances
are by the delta method, as Deng, Knoblich & Lu have it, KDD 2018, section 3. What a visitor does later makes the sums
at two times more alike than those of a Brownian motion, so that a boundary of the latter is crossed less often.
"""

import math
from dataclasses import dataclass

ALPHA = 0.05
TIGHTEST = 5000  # visitors at which the boundary is closest: 3.0 standard errors; 3.9 at a tenth, 3.2 at ten times
LEAST_VISITORS = 100  # of each arm; with fewer a variance that is estimated may be anything
LEAST_REACHED = 20  # lists after which the goal was reached, in both arms together
MOST_MORE = 10_000_000  # visitors beyond which nobody waits


@dataclass(frozen=True)
class Totals:
    """Sums over the visitors of an arm: of x lists that each saw, and of y of them after which the goal was reached.

    xx, xy, yy: the sums of the products.
    """

    visitors: int = 0
    x: int = 0
    y: int = 0
    xx: int = 0
    xy: int = 0
    yy: int = 0

    @property
    def rate(self) -> float:
        return self.y / self.x if self.x else 0.0

    @property
    def variance(self) -> float:
        """Return the variance of the rate, for which there are two visitors or more."""
        rate = self.rate
        squares = self.yy - 2 * rate * self.xy + rate * rate * self.xx
        return max(squares, 0.0) / self.x**2 * self.visitors / (self.visitors - 1)


@dataclass(frozen=True)
class Interval:
    """An estimate and its bounds; without them if too little is known."""

    value: float
    low: float | None = None
    high: float | None = None

    @property
    def is_decided(self) -> bool:
        """Return whether the value is above or below 0 for certain."""
        return self.low is not None and self.high is not None and (self.low > 0 or self.high < 0)


def boundary(visitors: float, alpha: float) -> float:
    """Return how many standard errors the bounds are from the estimate."""
    rho_squared = (-2 * math.log(alpha) + math.log(-2 * math.log(alpha) + 1)) / TIGHTEST
    scaled = visitors * rho_squared
    return math.sqrt((scaled + 1) / scaled * math.log((scaled + 1) / alpha**2))


def rate(arm: Totals) -> Interval:
    """Return the rate of an arm."""
    if arm.visitors < LEAST_VISITORS:
        return Interval(arm.rate)
    half = boundary(arm.visitors, ALPHA) * math.sqrt(arm.variance)
    return Interval(arm.rate, max(arm.rate - half, 0.0), arm.rate + half)


def difference(arm: Totals, control: Totals, comparisons: int = 1) -> Interval:
    """Return how much the rate of an arm is above that of the control.

    comparisons: as many differences are looked at; all of them hold together (Bonferroni).
    """
    value = arm.rate - control.rate
    if min(arm.visitors, control.visitors) < LEAST_VISITORS or arm.y + control.y < LEAST_REACHED:
        return Interval(value)
    half = boundary(arm.visitors + control.visitors, ALPHA / comparisons) * math.sqrt(arm.variance + control.variance)
    return Interval(value, value - half, value + half)


def more_visitors(arm: Totals, control: Totals, comparisons: int = 1) -> int | None:
    """Return about how many more visitors of both arms decide, if the difference stays as it is.

    None if it is more than MOST_MORE, or too little is known.
    """
    value = abs(arm.rate - control.rate)
    if difference(arm, control, comparisons).low is None:
        return None
    visitors, variance = arm.visitors + control.visitors, arm.variance + control.variance
    more = 0
    while more <= MOST_MORE:
        needed = visitors + more
        if boundary(needed, ALPHA / comparisons) * math.sqrt(variance * visitors / needed) <= value:
            return more
        more = max(more * 11 // 10, more + visitors // 10 + 1)
    return None
