from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q
from pgvector.django import VectorField


class Role(models.TextChoices):
    SIMILAR = "similar", "similar styles"
    PERSONAL = "personal", "personal recommendations"


class State(models.TextChoices):
    QUEUED = "queued"
    TRAINING = "training"
    EMBEDDING = "embedding"
    INTERRUPTED = "interrupted"  # where it was started by hand; nobody goes on with it until told to
    READY = "ready"
    ACTIVE = "active"
    RETIRED = "retired"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Metric(models.TextChoices):
    COSINE = "cosine"
    EUCLIDEAN = "euclidean", "Euclidean"
    INNER = "inner", "inner product"


LIVE = (State.QUEUED, State.TRAINING, State.EMBEDDING)  # somebody is at work on it, or about to be
UNFINISHED = (*LIVE, State.INTERRUPTED)
SERVABLE = (State.READY, State.ACTIVE, State.RETIRED)  # trained and kept: embedded when a picture is added


class ModelVersion(models.Model):
    """One training of one method: what it was told, how far it is, and how good it turned out."""

    role = models.CharField(max_length=10, choices=Role)
    method = models.CharField(max_length=40, help_text="What learns.")
    number = models.PositiveIntegerField(help_text="Counts this method's versions from 1.")
    state = models.CharField(max_length=11, choices=State, default=State.QUEUED)
    settings = models.JSONField(
        default=dict,
        blank=True,
        help_text='Of the method, such as {"colour": 0.6}; {} leaves them as the method has them.',
    )
    epochs = models.PositiveIntegerField(
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text="Epochs asked for; empty: as the method has it.",
    )
    seed = models.PositiveIntegerField(default=0)
    activate_when_ready = models.BooleanField(default=False)
    by_worker = models.BooleanField(
        default=True, help_text="A worker carries it to its end; otherwise whoever started it by hand does."
    )

    dimensions = models.PositiveIntegerField(null=True, blank=True, help_text="Floats in each of its vectors.")
    metric = models.CharField(max_length=10, blank=True, choices=Metric)
    good_match = models.FloatField(
        null=True, blank=True, help_text="The least score that a photo search calls a match."
    )

    taste = models.JSONField(default=dict, blank=True, help_text="Of a personal version: mean and precision of tastes.")

    progress = models.JSONField(default=dict, blank=True, encoder=DjangoJSONEncoder)  # stage, done, of; live
    metrics = models.JSONField(default=dict, blank=True, encoder=DjangoJSONEncoder)  # losses by epoch, measures
    error = models.TextField(blank=True)

    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    activated_at = models.DateTimeField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True, help_text="Till then somebody answers for it.")

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["role"], condition=Q(state=State.ACTIVE), name="one_active_version_for_each_role"
            ),
            models.UniqueConstraint(fields=["method", "number"], name="one_number_for_each_version_of_a_method"),
        ]

    def __str__(self) -> str:
        return f"{self.method} {self.number}"

    @property
    def folder(self):
        """Where its checkpoint lies."""
        return settings.MODELS_ROOT / f"{self.pk:06d}-{self.method}"


class ImageEmbedding(models.Model):
    """What one model version sees in one picture: derived, and safe to delete."""

    version = models.ForeignKey(ModelVersion, models.CASCADE, related_name="embeddings", db_index=False)
    image = models.ForeignKey("catalog.ProductImage", models.CASCADE, related_name="embeddings")
    # The picture's product, copied so that a search joins one table less; a picture never changes its product.
    product = models.ForeignKey("catalog.Product", models.CASCADE, related_name="embeddings")
    vector = VectorField()  # version.dimensions floats
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        # No vector index here: lengths differ, so versions.build_index makes a partial one for each version.
        constraints = [models.UniqueConstraint(fields=["version", "image"], name="one_vector_per_version_and_image")]

    def __str__(self) -> str:
        return f"image {self.image_id} as {self.version_id} sees it"


class ShopperVector(models.Model):
    """A shopper's taste as a personal version learnt it; the inner product with a product's vector is the score."""

    version = models.ForeignKey(ModelVersion, models.CASCADE, related_name="shopper_vectors", db_index=False)
    shopper = models.ForeignKey("catalog.Shopper", models.CASCADE, related_name="vectors")
    vector = VectorField()  # version.dimensions floats

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["version", "shopper"], name="one_vector_per_version_and_shopper")
        ]

    def __str__(self) -> str:
        return f"shopper {self.shopper_id} as {self.version_id} knows them"


class Popularity(models.Model):
    """How many shoppers and guests took to a product; counted anew by popularity.count every half minute."""

    product = models.OneToOneField("catalog.Product", models.CASCADE, primary_key=True, related_name="popularity")
    shoppers = models.PositiveIntegerField()

    class Meta:
        verbose_name_plural = "popularity"
        indexes = [models.Index(fields=["-shoppers"], name="popularity_first")]  # serving.popular_products

    def __str__(self) -> str:
        return f"product {self.product_id}: {self.shoppers} shoppers"
