"""The recommender in Django's admin; Django loads this package, which registers what its modules hold."""

from recommender.admin import versions

__all__ = ["versions"]
