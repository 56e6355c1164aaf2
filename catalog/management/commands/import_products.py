import argparse
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError, CommandParser

from catalog.errors import ImportFailed
from catalog.importers import import_products
from catalog.importers.console import ProblemPrinter
from catalog.importers.detect import SOURCES


class Command(BaseCommand):
    help = (
        "Imports products with their pictures; a second import changes nothing. SOURCE is such a CSV itself, or a zip "
        f"or folder with one of: {'; '.join(source.layout for source in SOURCES)}."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("source", type=Path)
        parser.add_argument("--limit", type=at_least_one, metavar="N", help="only the first N products")
        parser.add_argument("--dry-run", action="store_true", help="only say what would be done")

    def handle(self, source: Path, limit: int | None, dry_run: bool, verbosity: int, **options: object) -> str:
        on_problem = ProblemPrinter(self.stderr)
        try:
            report = import_products(
                source, limit=limit, dry_run=dry_run, progress=verbosity > 0, on_problem=on_problem
            )
        except ImportFailed as error:
            raise CommandError(str(error)) from error
        on_problem.finish()
        return f"{report} (dry run: nothing was written)" if dry_run else str(report)


def at_least_one(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number above 0")
    return int(text)
