from pathlib import Path
from typing import Any, Unpack

from django.core.management.base import CommandParser

from catalog.importers import InteractionReport, import_interactions, profiles
from catalog.importers.console import ImportCommand, ImportOptions
from catalog.importers.event_preview import read_event_preview
from catalog.importers.preview import Preview


class Command(ImportCommand):
    help = (
        "Import interactions from a CSV with the columns user,sku,kind,timestamp and, optionally, id, or from JSON "
        "lines; or exports of Google Analytics 4 and Matomo. A second import of the same file changes nothing."
    )
    source = "FILE"
    noun = "interactions"
    help_set = "take a column of a table for a field, or leave it out: COLUMN=ignore"

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--simulated", action="store_true", help="mark new shoppers as simulated")
        parser.add_argument(
            "--positive",
            type=float,
            metavar="N",
            help="FILE has ratings: those of N or more are likes, others left out",
        )

    def read_columns(self, options: dict[str, Any]) -> dict[str, str]:
        return profiles.parse_events(options["set"])

    def read_preview(self, source: Path, options: dict[str, Any]) -> Preview:
        return read_event_preview(source, options["columns"], options["positive"])

    def run_import(self, source: Path, options: dict[str, Any], **common: Unpack[ImportOptions]) -> InteractionReport:
        return import_interactions(
            source,
            columns=options["columns"],
            is_simulated=options["simulated"],
            positive=options["positive"],
            **common,
        )
