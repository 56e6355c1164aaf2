from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from catalog import exports
from catalog.errors import ExportFailed
from catalog.models import Interaction


class Command(BaseCommand):
    help = "Write all interactions to a file, a .csv or .jsonl, which import_interactions takes."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("target", metavar="FILE", type=Path)

    def handle(self, *, target: Path, **options: Any) -> str:
        try:
            return f"{exports.export_interactions(target, Interaction.objects.all()):,} interactions in {target}"
        except ExportFailed as error:
            raise CommandError(str(error)) from error
