"""The recommender in Django's admin; Django imports this package, which registers the models."""

from recommender.admin import impressions, versions

__all__ = ["impressions", "versions"]
