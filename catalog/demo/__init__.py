"""Demo catalogue drawn by the project itself, and simulated shoppers (catalog.demo.simulation) with tastes for it.

No photograph, no database, no Django: numpy and Pillow draw the products, the same bytes for the same seed.
Attributes and tastes are written to files as well, so that tests can check whether a recommendation is right.
"""

from catalog.demo.drawing import draw
from catalog.demo.folder import CatalogWriter, write_catalog
from catalog.demo.plan import DrawnProduct, plan_catalog

__all__ = ["CatalogWriter", "DrawnProduct", "draw", "plan_catalog", "write_catalog"]
