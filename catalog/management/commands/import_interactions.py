from pathlib import Path

from django.core.management.base import CommandParser

from catalog.importers import InteractionReport, import_interactions
from catalog.importers.console import ImportCommand


class Command(ImportCommand):
    help = (
        "Imports interactions: a CSV with the columns user,sku,kind,timestamp and perhaps id, or JSON lines. "
        "A second import changes nothing."
    )
    source = "FILE"
    what = "interactions"

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--simulated", action="store_true", help="mark the shoppers that this makes as simulated")

    def take(self, source: Path, options: dict[str, object], **manners) -> InteractionReport:
        return import_interactions(source, is_simulated=options["simulated"], **manners)
