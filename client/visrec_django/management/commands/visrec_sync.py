from typing import Any

import httpx
from django.core.management.base import BaseCommand, CommandError, CommandParser

from visrec_django.products import sync


class Command(BaseCommand):
    help = "Write all products to VisRec. A second run changes nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--delete", action="store_true", help="delete there whatever shoppers do not see here")

    def handle(self, delete: bool, **options: Any) -> str:
        try:
            report = sync(with_deletions=delete)
        except httpx.HTTPError as error:
            raise CommandError(f"VisRec: {error}") from error
        for sku, errors in report.failed.items():
            self.stderr.write(f"{sku}: {errors}")
        return str(report)
