from pathlib import Path
from typing import Any, Unpack

from django.core.management.base import CommandError, CommandParser

from catalog.importers import ProductReport, import_products, profiles
from catalog.importers.console import ImportCommand, ImportOptions
from catalog.importers.detect import SOURCES
from catalog.importers.preview import Preview, read_preview


class Command(ImportCommand):
    help = (
        "Import products with their pictures; a second import of the same source changes nothing. SOURCE is a table "
        "(CSV, TSV, JSON lines, Excel, XML), packed by gzip or not, or a zip or folder of one of these "
        f"layouts: {'; '.join(source.layout for source in SOURCES)}."
    )
    source = "SOURCE"
    noun = "products"
    help_set = "take a column of a table for a field, for an attribute, or leave it out: COLUMN=ignore"

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
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
        if options["retire"] and limit:
            raise CommandError("--retire needs the whole source: leave --limit away")
        report = super().handle(source, limit, dry_run, verbosity, **options)
        if options["profile"] and options["set"] and not (dry_run or options["preview"]):
            profiles.store(options["profile"], self.read_columns(options))
        return report

    def read_columns(self, options: dict[str, Any]) -> dict[str, str]:
        is_stored = options["profile"] and not options["set"]
        return profiles.load(options["profile"]) if is_stored else profiles.parse(options["set"])

    def read_preview(self, source: Path, options: dict[str, Any]) -> Preview:
        return read_preview(source, options["columns"])

    def run_import(self, source: Path, options: dict[str, Any], **common: Unpack[ImportOptions]) -> ProductReport:
        return import_products(source, columns=options["columns"], retire=options["retire"], **common)
