from collections.abc import Iterator
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from catalog.exports import CHUNK, Record, csv_lines, json_lines
from catalog.models import Shopper
from recommender.serving import recommend
from recommender.serving.types import RecommendationQuery

COLUMNS = ["user", "rank", "sku", "score", "strategy"]


class Command(BaseCommand):
    help = "Write what each shopper is recommended now to the standard output, as CSV or JSON lines."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--limit", type=int, default=12, choices=range(1, 101), metavar="N", help="for each shopper"
        )
        parser.add_argument("--format", choices=("csv", "jsonl"), default="csv")

    def handle(self, *, limit: int, format: str, **options: Any) -> None:
        records = recommendation_records(limit)
        for line in csv_lines(COLUMNS, records) if format == "csv" else json_lines(records):
            self.stdout.write(line, ending="")


def recommendation_records(limit: int) -> Iterator[Record]:
    """Yield the results of all shoppers, by their keys."""
    for shopper in Shopper.objects.order_by("key").iterator(chunk_size=CHUNK):
        found = recommend.for_shopper(shopper, RecommendationQuery(limit=limit))
        for result in found.results:
            yield {
                "user": shopper.key,
                "rank": result.rank,
                "sku": result.product.sku,
                "score": round(result.score, 4),
                "strategy": found.plan.strategy,
            }
