"""The recommender in Django's admin; Django imports this package, which registers the models."""

from recommender.admin import versions

__all__ = ["versions"]
