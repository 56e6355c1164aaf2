from pathlib import Path

from catalog.importers import Report, import_products
from catalog.importers.console import ImportCommand
from catalog.importers.detect import SOURCES


class Command(ImportCommand):
    help = (
        "Imports products with their pictures; a second import changes nothing. SOURCE is such a CSV itself, or a zip "
        f"or folder with one of: {'; '.join(source.layout for source in SOURCES)}."
    )
    source = "SOURCE"
    what = "products"

    def take(self, source: Path, options: dict[str, object], **manners) -> Report:
        return import_products(source, **manners)
