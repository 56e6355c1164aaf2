"""Taste maps: the catalogue in the plane, as a version sees it. Written by recommender.maps.making."""

from django.db import models
from django.db.models import Q
from django.utils import timezone

from recommender.models import Leased, ModelVersion


class TasteMap(Leased):
    """A layout of the products that a version has embedded; of several of a version the last finished one is shown."""

    version = models.ForeignKey(ModelVersion, models.CASCADE, related_name="maps")
    created_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True)
    progress = models.FloatField(default=0.0, help_text="0 to 1.")
    tries = models.PositiveSmallIntegerField(default=0)
    error = models.TextField(blank=True)
    products = models.PositiveIntegerField(default=0)
    last_product = models.BigIntegerField(default=0, help_text="The largest id of a product when it was begun.")

    class Meta:
        ordering = ["-pk"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["version"], condition=Q(finished_at=None), name="one_map_in_the_making")
        ]

    def __str__(self) -> str:
        return f"map of {self.version}"


class MapPoint(models.Model):
    """The place of a product on a map; both coordinates are 0 to cells.SIDE - 1."""

    map = models.ForeignKey(TasteMap, models.CASCADE, related_name="points", db_index=False)
    # No foreign key: a million rows would each lock their product, and a deletion of one would look through all maps.
    product_id = models.BigIntegerField()
    rank = models.PositiveIntegerField()  # by popularity when the map was made, from 1
    x = models.PositiveSmallIntegerField()
    y = models.PositiveSmallIntegerField()

    class Meta:
        default_permissions = ()
        indexes = [models.Index(fields=["map", "x"], name="point_column")]  # cells.read, of a part of a map
        constraints = [
            models.UniqueConstraint(fields=["map", "product_id"], name="one_point_per_map_and_product"),
            models.UniqueConstraint(fields=["map", "rank"], name="one_point_per_map_and_rank"),
        ]

    def __str__(self) -> str:
        return f"product {self.product_id} at {self.x}, {self.y}"
