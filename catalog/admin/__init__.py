"""The shop in Django's admin; Django loads this package, which registers what its modules hold."""

from catalog.admin import products

__all__ = ["products"]
