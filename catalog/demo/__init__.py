"""A catalogue drawn by the project itself, and shoppers (catalog.demo.simulation) who like what they see in it.

No photograph, no database, no Django: numpy and Pillow make products and pictures, the same bytes for the same seed.
Everything that is drawn is also written down (attributes, tastes), so tests can ask whether a recommendation is right.
"""

from catalog.demo.drawing import draw
from catalog.demo.folder import write_catalog
from catalog.demo.plan import DrawnProduct, plan_catalog

__all__ = ["DrawnProduct", "draw", "plan_catalog", "write_catalog"]
