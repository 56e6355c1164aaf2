from pathlib import Path
from typing import Any, Unpack

from django.core.management.base import CommandError, CommandParser

from catalog.errors import ImportFailed
from catalog.importers import ProductReport, import_products, profiles
from catalog.importers.console import ImportCommand, ImportOptions
from catalog.importers.detect import SOURCES
from catalog.importers.preview import preview
from catalog.importers.remote import local_copy


class Command(ImportCommand):
    help = (
        "Import products with their pictures; a second import of the same source changes nothing. SOURCE is a table "
        "(CSV, TSV, JSON lines, Excel, XML), packed by gzip or not, or a zip or folder of one of these "
        f"layouts: {'; '.join(source.layout for source in SOURCES)}."
    )
    source = "SOURCE"
    noun = "products"

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--preview", action="store_true", help="only show the columns and the first ten products")
        parser.add_argument(
            "--set", action="append", default=[], metavar="COLUMN=FIELD", help="take a column of a table for a field"
        )
        parser.add_argument(
            "--profile", metavar="NAME", help="as --set was used with this name last; with it, store it"
        )

        parser.add_argument(
            "--retire",
            action="store_true",
            help="hide the products that SOURCE, which has the whole shop, does not name; they are shown again once it "
            "does. Nothing is hidden if it names none or lacks more than half of the shop's",
        )

    def handle(self, source: str, limit: int | None, dry_run: bool, verbosity: int, **options: Any) -> str:
        choices, profile = options["set"], options["profile"]
        if options["retire"] and limit:
            raise CommandError("--retire needs the whole source: leave --limit away")
        try:
            columns = profiles.load(profile) if profile and not choices else profiles.parse(choices)
            if options["preview"]:
                with local_copy(source) as path:
                    return "\n".join(preview(path, columns))
        except ImportFailed as error:
            raise CommandError(str(error)) from error
        report = super().handle(source, limit, dry_run, verbosity, **options, columns=columns)
        if profile and choices and not dry_run:
            profiles.store(profile, columns)
        return report

    def run_import(self, source: Path, options: dict[str, Any], **common: Unpack[ImportOptions]) -> ProductReport:
        return import_products(source, columns=options["columns"], retire=options["retire"], **common)
