from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from catalog.exports import CHUNK, csv_lines, json_lines
from catalog.models import Shopper
from recommender.serving.exports import COLUMNS, recommendation_records


class Command(BaseCommand):
    help = "Write what each shopper is recommended now to the standard output, as CSV or JSON lines."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--limit", type=int, default=12, choices=range(1, 101), metavar="N", help="for each shopper"
        )
        parser.add_argument("--format", choices=("csv", "jsonl"), default="csv")

    def handle(self, *, limit: int, format: str, **options: Any) -> None:
        shoppers = Shopper.objects.order_by("key").iterator(chunk_size=CHUNK)
        records = recommendation_records(shoppers, limit)
        for line in csv_lines(list(COLUMNS), records) if format == "csv" else json_lines(records):
            self.stdout.write(line, ending="")
