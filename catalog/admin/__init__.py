"""The shop in Django's admin; Django loads this package, whose modules register their models."""

from catalog.admin import categories, downloads, interactions, products, shoppers, site, synonyms

__all__ = ["categories", "downloads", "interactions", "products", "shoppers", "site", "synonyms"]
