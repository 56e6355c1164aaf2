"""Shoppers who do not exist, over any catalogue: hidden tastes, and the interactions that follow from them.

The numbers need neither Django nor a database; with the same seed they are the same. Whatever shows them says so.
"""

from catalog.demo.simulation.population import FEW, MANY, SHOP, Population, Trait
from catalog.demo.simulation.shoppers import Simulation, simulate

__all__ = ["FEW", "MANY", "SHOP", "Population", "Simulation", "Trait", "simulate"]
