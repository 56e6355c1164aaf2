"""Brings products and interactions into the shop; a file a source, one writer for all."""

from catalog.importers.interactions import import_interactions
from catalog.importers.products import import_products
from catalog.importers.reports import InteractionReport, Report
from catalog.importers.rows import Problem

__all__ = ["InteractionReport", "Problem", "Report", "import_interactions", "import_products"]
