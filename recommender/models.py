import secrets
import uuid

from django.conf import settings
from django.core.files.storage import default_storage
from django.core.serializers.json import DjangoJSONEncoder
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q
from django.urls import reverse
from pgvector.django import VectorField


class Role(models.TextChoices):
    SIMILAR = "similar", "similar styles"
    PERSONAL = "personal", "personal recommendations"
    DESIGN = "design", "designs"


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
SEEING = (Role.SIMILAR, Role.PERSONAL)  # whose versions have vectors of pictures; no shop is ready without one of each


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
    categories = models.JSONField(
        default=list, blank=True, help_text="Of a design version: the ids of its categories, in its own order."
    )

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


class Status(models.TextChoices):
    """How far a design is."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"  # its pictures are gone


PENDING = (Status.QUEUED, Status.RUNNING)


def design_seed() -> int:
    return secrets.randbelow(2**31)


def design_token() -> str:
    return secrets.token_hex(16)


class Design(models.Model):
    """What a shopper asked to have made: new pictures of a category, or a product nearer to their taste."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    shopper = models.ForeignKey("catalog.Shopper", models.CASCADE, related_name="designs", db_index=False)
    category = models.ForeignKey("catalog.Category", models.CASCADE, related_name="designs")
    count = models.PositiveSmallIntegerField(default=12, help_text="Pictures asked for.")
    eta = models.FloatField(default=1.0, help_text="What looking real weighs beside the shopper's taste.")
    product = models.ForeignKey(
        "catalog.Product", models.CASCADE, null=True, related_name="designs", help_text="The one to be tailored."
    )
    budget = models.FloatField(null=True, help_text="Of tailoring: how far a picture may move, as a mean of pixels.")
    seed = models.PositiveIntegerField(default=design_seed)  # a second try makes the same pictures
    token = models.CharField(max_length=32, default=design_token, editable=False)  # names the folder of its pictures

    generator = models.ForeignKey(ModelVersion, models.SET_NULL, null=True, related_name="+")
    scorer = models.ForeignKey(ModelVersion, models.SET_NULL, null=True, related_name="+")
    embedding_version = models.ForeignKey(
        ModelVersion, models.SET_NULL, null=True, related_name="+", help_text="The version that embedded its images."
    )

    status = models.CharField(max_length=9, choices=Status, default=Status.QUEUED)
    progress = models.FloatField(default=0.0, help_text="0 to 1.")
    error = models.TextField(blank=True)
    tries = models.PositiveSmallIntegerField(default=0, help_text="How many workers took it up.")
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    lease_until = models.DateTimeField(null=True, help_text="Till then a message or a worker answers for it.")
    is_removed = models.BooleanField(
        default=False, help_text="By its shopper; for an hour it counts against the limit."
    )

    class Meta:
        ordering = ["-created_at", "-pk"]
        indexes = [
            models.Index(fields=["shopper", "-created_at", "-id"], name="design_shopper"),  # a shopper's own
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
        """Where its pictures lie, below the media folder."""
        return f"designs/{self.token[:2]}/{self.token}"


class DesignImage(models.Model):
    """One of a design's pictures, with what was thought of it. Written by recommender.designs.lifecycle alone."""

    class Kind(models.TextChoices):
        DESIGN = "design"  # made for the taste
        ORIGINAL = "original"  # the product to be tailored
        APPROXIMATION = "approximation"  # as near as the generator comes to it
        STEP = "step"  # on the way from there to the taste

    design = models.ForeignKey(Design, models.CASCADE, related_name="images", db_index=False)
    position = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=13, choices=Kind, default=Kind.DESIGN)
    step = models.PositiveIntegerField(null=True, help_text="Of a tailored one: steps taken.")
    change = models.FloatField(null=True, help_text="Of a tailored one: mean of pixels that changed, 0 to 1.")
    score = models.FloatField(help_text="The inner product of taste and picture; 0: an average product's.")
    realism = models.FloatField(help_text="The discriminator's word: 1 real, 0 made; it may go beyond.")
    embedding = VectorField(null=True)  # by design.embedding_version; none where no version was active

    class Meta:
        ordering = ["position"]
        constraints = [models.UniqueConstraint(fields=["design", "position"], name="one_picture_per_design_and_place")]

    def __str__(self) -> str:
        return f"picture {self.position + 1} of {self.design_id}"

    @property
    def file(self) -> str:
        """Its name below the media folder."""
        return f"{self.design.folder}/{self.position:02}.png"

    @property
    def url(self) -> str:
        return default_storage.url(self.file)
