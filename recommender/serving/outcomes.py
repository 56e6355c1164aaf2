"""The outcomes of recommendations that visitors saw: clicks, likes, carts and purchases that name them."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from catalog.rows import Sql, fetch

STEPS = ("hour", "day")
DIMENSIONS = ("placement", "strategy", "version")
KINDS = ("click", "like", "cart", "purchase")
MOST = 1000  # groups
Z = 1.96  # of 95 %

# What a visitor did counts once a recommendation and kind, as a second click on one strip shows nothing new.
COUNT = """
    WITH outcome AS (
        SELECT recommendation_id, array_agg(DISTINCT kind) AS kinds FROM catalog_interaction
        WHERE recommendation_id IS NOT NULL AND occurred_at >= %s GROUP BY recommendation_id
    )
    SELECT {columns}, count(*), sum(cardinality(i.positions)), {kinds}
    FROM recommender_impression i LEFT JOIN outcome o ON o.recommendation_id = i.recommendation_id
    WHERE i.shown_at >= %s GROUP BY {columns} ORDER BY count(*) DESC, {columns} LIMIT {most}
"""


BY_TIME = """
    WITH clicked AS (
        SELECT DISTINCT recommendation_id FROM catalog_interaction
        WHERE kind = 'click' AND recommendation_id IS NOT NULL AND occurred_at >= %s
    )
    SELECT date_trunc(%s, i.shown_at, 'UTC') AS at, i.placement, count(*), count(c.recommendation_id)
    FROM recommender_impression i LEFT JOIN clicked c ON c.recommendation_id = i.recommendation_id
    WHERE i.shown_at >= %s GROUP BY 1, 2 ORDER BY 1, 2
"""


@dataclass(frozen=True)
class Rate:
    """Share of the recommendations that were seen after which a visitor did something."""

    count: int
    of: int

    @property
    def value(self) -> float:
        return self.count / self.of

    @property
    def interval(self) -> tuple[float, float]:
        """Return the 95 % interval (Wilson, JASA 1927), which holds for few recommendations, too."""
        return wilson(self.value, self.of)


@dataclass(frozen=True)
class Outcome:
    """Recommendations of one group that were seen, and what followed."""

    group: dict[str, str | int | None]  # by dimension
    recommendations: int
    results: int  # of them that were seen
    rates: dict[str, Rate]  # by kind


def wilson(share: float, n: int) -> tuple[float, float]:
    """Return the 95 % interval of a share of n: Wilson, JASA 1927."""
    square = Z * Z
    middle = (share + square / (2 * n)) / (1 + square / n)
    half = Z * math.sqrt(share * (1 - share) / n + square / (4 * n * n)) / (1 + square / n)
    return max(middle - half, 0.0), min(middle + half, 1.0)


def by(dimensions: Sequence[str], since: datetime) -> list[Outcome]:
    """Return the outcomes since a time by these of DIMENSIONS, one or more, those seen most first, at most MOST.

    An event is attributed to the recommendation that it names.
    """
    names = [name for name in DIMENSIONS if name in dimensions]
    columns = ", ".join(f"i.{name}" for name in names)
    kinds = ", ".join(f"count(*) FILTER (WHERE '{kind}' = ANY(o.kinds))" for kind in KINDS)
    found = []
    for row in fetch(Sql(COUNT.format(columns=columns, kinds=kinds, most=MOST), (since, since))):
        values, (shown, results, *counts) = row[: len(names)], row[len(names) :]
        rates = {kind: Rate(count, shown) for kind, count in zip(KINDS, counts, strict=True)}
        found.append(Outcome(dict(zip(names, values, strict=True)), shown, results, rates))
    return found


@dataclass(frozen=True)
class Clicks:
    """Recommendations of a placement that were seen within an hour or day, and after how many there was a click."""

    at: datetime  # its beginning, UTC
    placement: str
    clicked: Rate


def clicks_over_time(step: str, since: datetime) -> list[Clicks]:
    """Return how many recommendations were seen and clicked, by placement and by hour or day; the oldest first.

    A click counts for the time at which the recommendation was seen.
    """
    rows = fetch(Sql(BY_TIME, (since, step, since)))
    return [Clicks(at, placement, Rate(clicked, seen)) for at, placement, seen, clicked in rows]
