"""Simulated shoppers over any catalogue: hidden tastes, and the interactions that follow from them.

`simulate` needs neither Django nor a database and returns the same for the same seed. Pages and documents that show
its results must say that they are simulated.
"""

from catalog.demo.simulation.population import FEW, MANY, SHOP, Population, Trait
from catalog.demo.simulation.shoppers import Simulation, simulate

__all__ = ["FEW", "MANY", "SHOP", "Population", "Simulation", "Trait", "simulate"]
