from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from catalog import exports
from catalog.errors import ExportFailed
from catalog.models import Product


class Command(BaseCommand):
    help = "Write all products to a file, a .csv, .jsonl or, with the images, .zip, which import_products takes."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("target", metavar="FILE", type=Path)

    def handle(self, *, target: Path, **options: Any) -> str:
        try:
            return f"{exports.export_products(target, Product.objects.all()):,} products in {target}"
        except ExportFailed as error:
            raise CommandError(str(error)) from error
