"""Popularity of products, and what visitors saw."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone


class Popularity(models.Model):
    """The number of shoppers and guests who took to a product. Written by recommender.popularity alone."""

    product = models.OneToOneField("catalog.Product", models.CASCADE, primary_key=True, related_name="popularity")
    shoppers = models.PositiveIntegerField()

    class Meta:
        verbose_name_plural = "popularity"
        # candidates.PopularitySearch; the ids of the most popular are read from the index alone
        indexes = [models.Index(fields=["-shoppers", "-product"], name="popularity_first")]

    def __str__(self) -> str:
        return f"product {self.product_id}: {self.shoppers} shoppers"


class PopularityChange(models.Model):
    """A product whose interactions changed since its popularity was counted. Written by triggers on interactions."""

    product_id = models.BigIntegerField()  # no foreign key: the product may be gone when it is counted

    def __str__(self) -> str:
        return f"interactions of product {self.product_id} changed"


class Impression(models.Model):
    """The results of a recommendation that a visitor saw; of the visitor nothing. Written by serving.impressions."""

    recommendation_id = models.UUIDField(primary_key=True)
    placement = models.CharField(max_length=50, blank=True, help_text="Where it was shown; empty if unknown.")
    strategy = models.CharField(max_length=10)
    version = models.BigIntegerField(null=True, help_text="The id of the model version, which may be gone by now.")
    positions = ArrayField(models.PositiveSmallIntegerField(), help_text="The ranks that were seen, from 1.")
    shown_at = models.DateTimeField(default=timezone.now)  # the first of them
    experiment = models.BigIntegerField(null=True, help_text="The id of the experiment that it counts for.")
    arm = models.BigIntegerField(null=True)
    visitor = models.BigIntegerField(null=True)  # a pseudonym in the experiment alone

    class Meta:
        ordering = ["-shown_at"]
        indexes = [
            models.Index(fields=["-shown_at"], name="impression_newest"),  # the admin's list; the sweep
            models.Index(fields=["experiment"], name="impression_experiment", condition=Q(experiment__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{len(self.positions)} results of recommendation {self.recommendation_id}"


class PhotoSearches(models.Model):
    """Number of searches by photo in an hour, and of those without a good match. Of visitors nothing."""

    hour = models.DateTimeField(primary_key=True)  # its beginning
    searches = models.PositiveIntegerField()
    unmatched = models.PositiveIntegerField()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.searches} searches by photo from {self.hour:%Y-%m-%d %H:%M}"


class ExploredResult(models.Model):
    """A result drawn by chance that a visitor saw; of the visitor nothing. Written by serving.impressions."""

    recommendation_id = models.UUIDField(primary_key=True)
    version = models.BigIntegerField()  # the ids of the version and of the products may be gone by now
    own_product = models.BigIntegerField(help_text="The product that similar ones were requested of.")
    product = models.BigIntegerField(help_text="The product that was drawn.")
    propensity = models.FloatField(help_text="The probability that it was drawn for this list.")
    query = models.JSONField()  # serving.saved_json.QueryJson
    shown_at = models.DateTimeField(default=timezone.now)

    class Meta:
        default_permissions = ()
        indexes = [models.Index(fields=["-shown_at"], name="explored_newest")]  # audits.off_policy; the sweep

    def __str__(self) -> str:
        return f"product {self.product}, drawn with a probability of {self.propensity:.3f}"
