"""Designs and their images."""

import secrets
import uuid

from django.core.files.storage import default_storage
from django.db import models
from django.db.models import Q
from django.urls import reverse
from pgvector.django import VectorField

from recommender.models.versions import Leased, ModelVersion


class Status(models.TextChoices):
    """The status of a design."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"  # its images were deleted


PENDING = (Status.QUEUED, Status.RUNNING)


def design_seed() -> int:
    """Return a random seed."""
    return secrets.randbelow(2**31)


def design_token() -> str:
    """Return a random name for the folder of a design's images, which nobody can guess."""
    return secrets.token_hex(16)


class Design(Leased):
    """A shopper's request for generated images: new ones of a category, or a product changed towards their taste."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    shopper = models.ForeignKey("catalog.Shopper", models.CASCADE, related_name="designs", db_index=False)
    category = models.ForeignKey("catalog.Category", models.CASCADE, related_name="designs")
    count = models.PositiveSmallIntegerField(default=12, help_text="Number of images to generate.")
    eta = models.FloatField(default=1.0, help_text="Weight of realism; the shopper's taste has weight 1.")
    product = models.ForeignKey(
        "catalog.Product",
        models.CASCADE,
        null=True,
        related_name="designs",
        help_text="The product to tailor.",
    )
    budget = models.FloatField(null=True, help_text="Tailoring only: largest mean change of the pixels, 0 to 1.")
    seed = models.PositiveIntegerField(default=design_seed)  # a second try generates the same images
    token = models.CharField(max_length=32, default=design_token, editable=False)  # names the folder of its images

    generator = models.ForeignKey(ModelVersion, models.SET_NULL, null=True, related_name="+")
    scorer = models.ForeignKey(ModelVersion, models.SET_NULL, null=True, related_name="+")
    embedding_version = models.ForeignKey(
        ModelVersion,
        models.SET_NULL,
        null=True,
        related_name="+",
        help_text="The version that embedded its images.",
    )

    status = models.CharField(max_length=9, choices=Status, default=Status.QUEUED)
    progress = models.FloatField(default=0.0, help_text="0 to 1.")
    error = models.TextField(blank=True)
    tries = models.PositiveSmallIntegerField(
        default=0, help_text="How many workers have started it, without those that handed it over."
    )
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    is_removed = models.BooleanField(
        default=False, help_text="Removed by its shopper; it still counts against the limit for an hour."
    )

    class Meta:
        ordering = ["-created_at", "-pk"]
        indexes = [
            models.Index(fields=["shopper", "-created_at", "-id"], name="design_shopper"),  # designs_of a shopper
            models.Index(fields=["created_at"], name="design_oldest"),  # designs.expire
            models.Index(fields=["lease_until"], name="design_pending", condition=Q(status__in=PENDING)),  # the sweep
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(product__isnull=True, budget__isnull=True) | Q(product__isnull=False, budget__isnull=False),
                name="a_budget_is_a_tailored_product_s",
            ),
        ]

    def __str__(self) -> str:
        return f"design {self.pk}"

    def get_absolute_url(self) -> str:
        return reverse("design", args=[self.pk])

    @property
    def is_pending(self) -> bool:
        return self.status in PENDING

    @property
    def folder(self) -> str:
        """Return the folder of its images, below the media folder."""
        return f"designs/{self.token[:2]}/{self.token}"


class DesignImage(models.Model):
    """A generated image, with its scores. Written by recommender.designs.lifecycle alone."""

    class Kind(models.TextChoices):
        """The role of an image in its design."""

        DESIGN = "design"  # generated for the taste
        ORIGINAL = "original"  # the product to tailor
        APPROXIMATION = "approximation"  # the nearest image that the generator can generate
        STEP = "step"  # between the approximation and the taste

    design = models.ForeignKey(Design, models.CASCADE, related_name="images", db_index=False)
    position = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=13, choices=Kind, default=Kind.DESIGN)
    step = models.PositiveIntegerField(null=True, help_text="Tailoring only: number of steps taken.")
    change = models.FloatField(null=True, help_text="Tailoring only: mean change of the pixels, 0 to 1.")
    score = models.FloatField(help_text="Inner product of taste and image; an average product has 0.")
    realism = models.FloatField(help_text="Output of the discriminator: 1 real, 0 generated; it may lie outside.")
    embedding = VectorField(null=True)  # by design.embedding_version; none if no version was active

    class Meta:
        ordering = ["position"]
        constraints = [models.UniqueConstraint(fields=["design", "position"], name="one_picture_per_design_and_place")]

    def __str__(self) -> str:
        return f"image {self.position + 1} of {self.design_id}"

    @property
    def file(self) -> str:
        """Return the name of its file, below the media folder."""
        return f"{self.design.folder}/{self.position:02}.png"

    @property
    def url(self) -> str:
        return default_storage.url(self.file)
