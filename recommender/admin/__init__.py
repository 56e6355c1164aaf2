"""The recommender in Django's admin; Django imports this package, which registers the models."""

from recommender.admin import impressions, schedules, versions

__all__ = ["impressions", "schedules", "versions"]
