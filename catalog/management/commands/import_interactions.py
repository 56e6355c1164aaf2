from pathlib import Path

from django.core.management.base import BaseCommand, CommandError, CommandParser

from catalog.errors import ImportFailed
from catalog.importers import import_interactions
from catalog.importers.console import ProblemPrinter


class Command(BaseCommand):
    help = (
        "Imports interactions: a CSV with the columns user,sku,kind,timestamp and perhaps id, or JSON lines. "
        "A second import changes nothing."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--simulated", action="store_true", help="mark the shoppers that this makes as simulated")

    def handle(self, file: Path, simulated: bool, verbosity: int, **options: object) -> str:
        on_problem = ProblemPrinter(self.stderr)
        try:
            report = import_interactions(file, is_simulated=simulated, progress=verbosity > 0, on_problem=on_problem)
        except ImportFailed as error:
            raise CommandError(str(error)) from error
        on_problem.finish()
        return str(report)
