"""Export of what shoppers are recommended now."""

from collections.abc import Iterable, Iterator

from catalog.exports import Record
from catalog.models import Shopper
from recommender.serving import recommend
from recommender.serving.types import RecommendationQuery

COLUMNS = ("user", "rank", "sku", "score", "strategy")


def recommendation_records(shoppers: Iterable[Shopper], limit: int) -> Iterator[Record]:
    """Yield the results of each shopper. limit: of them for each."""
    for shopper in shoppers:
        found = recommend.for_shopper(shopper, RecommendationQuery(limit=limit))
        for result in found.results:
            yield {
                "user": shopper.key,
                "rank": result.rank,
                "sku": result.product.sku,
                "score": round(result.score, 4),
                "strategy": found.plan.strategy,
            }
