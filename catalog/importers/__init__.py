"""Import of products and interactions: a module for each kind of source, one writer for all."""

from catalog.importers.interactions import import_interactions
from catalog.importers.products import import_products
from catalog.importers.reports import ImportReport, InteractionReport, ProductReport
from catalog.importers.rows import Problem

__all__ = ["ImportReport", "InteractionReport", "Problem", "ProductReport", "import_interactions", "import_products"]
