from pathlib import Path
from typing import Unpack

from catalog.importers import ProductReport, import_products
from catalog.importers.console import ImportCommand, ImportOptions
from catalog.importers.detect import SOURCES


class Command(ImportCommand):
    help = (
        "Import products with their pictures; a second import of the same source changes nothing. SOURCE is a table "
        "(CSV, TSV, JSON lines, Excel, XML), packed by gzip or not, or a zip or folder of one of these "
        f"layouts: {'; '.join(source.layout for source in SOURCES)}."
    )
    source = "SOURCE"
    noun = "products"

    def run_import(self, source: Path, options: dict[str, object], **common: Unpack[ImportOptions]) -> ProductReport:
        return import_products(source, **common)
