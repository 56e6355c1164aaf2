"""Products that may be recommended, and about how many they are."""

import threading
from dataclasses import dataclass
from typing import NamedTuple, Self

import cachetools

from catalog.queries import categories_with_counts
from catalog.rows import IN_STOCK, VISIBLE, Sql, estimated_count
from recommender.serving.types import RecommendationQuery

ESTIMATE_SECONDS = 60.0
MOST_ESTIMATES = 10_000
SHOWN = VISIBLE & IN_STOCK


class KnownCategory(NamedTuple):
    id: int
    products: int  # visible ones


@dataclass(frozen=True)
class Eligible:
    """The products that are visible, in stock, and pass a query's filters."""

    category: str = ""  # a category's name; empty: all
    prices: str = ""  # a condition; empty: all

    @classmethod
    def of(cls, query: RecommendationQuery) -> Self:
        """Return the products that pass the query's filters."""
        bounds = ((">=", query.min_price), ("<=", query.max_price))
        # Not as parameters: a plan that is made once is then made for as many products as these prices let pass.
        return cls(
            query.category, " AND ".join(f"p.price {sign} {price:f}" for sign, price in bounds if price is not None)
        )

    @property
    def where(self) -> Sql:
        """Return the condition for a statement that is planned once, for whichever category."""
        if not self.category:
            return self._among(SHOWN)
        return self._among(
            SHOWN & Sql("p.category_id = (SELECT id FROM catalog_category WHERE name = %s)", (self.category,))
        )

    @property
    def planned(self) -> Sql:
        """Return the condition for a statement that is planned for itself: for as many as are of this category."""
        if not self.category:
            return self._among(SHOWN)
        known = known_categories().get(self.category)
        return self._among(SHOWN & (Sql(f"p.category_id = {known.id:d}") if known else Sql("false")))

    def estimate(self) -> int:
        """Return about how many products these are, as it was known within ESTIMATE_SECONDS."""
        if self.category and not self.prices:
            known = known_categories().get(self.category)
            return known.products if known else 0
        return recent_estimate(self.planned)

    def _among(self, where: Sql) -> Sql:
        return where & Sql(self.prices) if self.prices else where


@cachetools.cached(cachetools.TTLCache(1, ESTIMATE_SECONDS), lock=threading.Lock())
def known_categories() -> dict[str, KnownCategory]:
    """Return the categories that have visible products, by name, as they were within ESTIMATE_SECONDS."""
    counted = categories_with_counts().values_list("name", "pk", "visible_products")
    return {name: KnownCategory(pk, products) for name, pk, products in counted}


@cachetools.cached(cachetools.TTLCache(MOST_ESTIMATES, ESTIMATE_SECONDS), lock=threading.Lock())
def recent_estimate(where: Sql) -> int:
    """Return how many products satisfy the condition, as the planner estimated within ESTIMATE_SECONDS."""
    return estimated_count(where)
