"""A catalogue drawn by the project itself, and shoppers who like what they see in it.

No photograph, no database, no Django: numpy and Pillow make products, pictures, hidden tastes and the
interactions that follow from them, the same bytes for the same seed. Everything that is drawn is also
written down (attributes, tastes), so tests can ask whether a recommendation is right.
"""

from catalog.demo.drawing import draw
from catalog.demo.folder import write_catalog
from catalog.demo.plan import DrawnProduct, plan_catalog
from catalog.demo.shoppers import Simulation, simulate

__all__ = ["DrawnProduct", "Simulation", "draw", "plan_catalog", "simulate", "write_catalog"]
