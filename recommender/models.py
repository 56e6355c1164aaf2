"""Database models of the recommender: versions, vectors, popularity, designs."""

import secrets
import uuid
from pathlib import Path

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.files.storage import default_storage
from django.core.serializers.json import DjangoJSONEncoder
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from pgvector.django import VectorField


class Role(models.TextChoices):
    """The purpose that a model version serves."""

    SIMILAR = "similar", "similar styles"
    PERSONAL = "personal", "personal recommendations"
    DESIGN = "design", "designs"


class State(models.TextChoices):
    """The state of a model version."""

    QUEUED = "queued"
    TRAINING = "training"
    EMBEDDING = "embedding"
    INTERRUPTED = "interrupted"  # a training that was started by hand; it waits to be resumed
    READY = "ready"
    ACTIVE = "active"
    RETIRED = "retired"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Metric(models.TextChoices):
    """The metric by which a version's vectors are compared."""

    COSINE = "cosine"
    EUCLIDEAN = "euclidean", "Euclidean"
    INNER = "inner", "inner product"


LIVE = (State.QUEUED, State.TRAINING, State.EMBEDDING)  # a process works on it, or will soon
UNFINISHED = (*LIVE, State.INTERRUPTED)
SERVABLE = (State.READY, State.ACTIVE, State.RETIRED)  # trained; each embeds every new image
EMBEDDING_ROLES = (Role.SIMILAR, Role.PERSONAL)  # their versions embed images; a shop needs one of each to be ready

TRAINING_STATE = "training"  # begins the names, in a version's folder, of the folders with the state of its training

MAX_EPOCHS = 100_000  # of a training
MAX_SEED = 2**31 - 1  # in a PositiveIntegerField


class Leased(models.Model):
    """A row that one process at a time works on. Claimed, renewed and released by recommender.leases."""

    lease_until = models.DateTimeField(
        null=True,
        blank=True,
        help_text="A process works on it until then, and renews this time meanwhile.",
    )
    claims = models.PositiveIntegerField(
        default=0, editable=False, help_text="How many processes have claimed it; only the last may write."
    )

    class Meta:
        abstract = True


class ModelVersion(Leased):
    """One training of one method: settings, progress and results."""

    role = models.CharField(max_length=10, choices=Role)
    method = models.CharField(max_length=110, help_text="The method that this version was trained by.")
    number = models.PositiveIntegerField(help_text="Number of this version among those of its method, from 1.")
    state = models.CharField(max_length=11, choices=State, default=State.QUEUED)
    settings = models.JSONField(
        default=dict,
        blank=True,
        help_text='Settings of the method, such as {"colour": 0.6}. With {} it uses its defaults.',
    )
    epochs = models.PositiveIntegerField(
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text="Number of epochs to train. Leave empty for the method's default.",
    )
    seed = models.PositiveIntegerField(default=0)
    activate_when_ready = models.BooleanField(default=False)
    tries = models.PositiveSmallIntegerField(
        default=0,
        editable=False,
        help_text="How many processes have worked on it since its last epoch, without those that handed it over.",
    )
    by_worker = models.BooleanField(
        default=True, help_text="Whether a worker runs this training; otherwise it was started by hand."
    )

    dimensions = models.PositiveIntegerField(null=True, blank=True, help_text="Length of its vectors.")
    metric = models.CharField(max_length=10, blank=True, choices=Metric)
    good_match = models.FloatField(
        null=True, blank=True, help_text="Lowest score that counts as a match in a search by photo."
    )

    match_curves = models.JSONField(
        default=dict,
        blank=True,
        help_text="Slope and offset of the chances, by score, that what comes nearest to a photo is the same product "
        "or of the same style; of a personal version, that a product is taken, and the highest such chance.",
    )

    ef_search = models.PositiveSmallIntegerField(null=True, editable=False)  # by audits.width; null: as usual
    taste = models.JSONField(default=dict, blank=True, help_text="Personal versions: mean and precision of the tastes.")
    categories = models.JSONField(
        default=list,
        blank=True,
        help_text="Design versions: ids of the categories learned, in the order of the classes.",
    )

    progress = models.JSONField(default=dict, blank=True, encoder=DjangoJSONEncoder)  # stage, done, of
    metrics = models.JSONField(default=dict, blank=True, encoder=DjangoJSONEncoder)  # losses by epoch, results
    error = models.TextField(blank=True)

    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    activated_at = models.DateTimeField(null=True, blank=True)
    activation_requested_at = models.DateTimeField(
        null=True,
        blank=True,
        help_text="A worker activates it as soon as it has embedded the images that were there when it looked.",
    )

    class Meta:
        ordering = ["-pk"]
        permissions = [("activate_modelversion", "Can activate and roll back model versions")]
        constraints = [
            models.UniqueConstraint(
                fields=["role"], condition=Q(state=State.ACTIVE), name="one_active_version_for_each_role"
            ),
            models.UniqueConstraint(fields=["method", "number"], name="one_number_for_each_version_of_a_method"),
        ]

    def __str__(self) -> str:
        return f"{self.method} {self.number}"

    @property
    def folder(self) -> Path:
        """Return the folder of the checkpoint."""
        return Path(settings.MODELS_ROOT) / f"{self.pk:06d}-{self.method}"


class Activation(models.Model):
    """A version put into service for its role, or to be put there once it has embedded all images."""

    role = models.CharField(max_length=10, choices=Role)
    version = models.ForeignKey(ModelVersion, models.SET_NULL, null=True, related_name="activations")
    name = models.CharField(max_length=130, help_text="The version, though it may be deleted.")
    former = models.CharField(max_length=130, blank=True, help_text="The version that it replaced.")
    by = models.CharField(max_length=150, blank=True, help_text="The account or key. Empty: its training.")
    is_roll_back = models.BooleanField(default=False)
    at = models.DateTimeField(null=True, help_text="Empty: it waits for a worker.")

    class Meta:
        ordering = ["-at", "-pk"]
        indexes = [models.Index(fields=["role", "-at", "-id"], name="activations_of_role")]

    def __str__(self) -> str:
        return f"{self.name} for {self.get_role_display()}"


class ImageEmbedding(models.Model):
    """The vector of one image by one model version: derived, and safe to delete."""

    version = models.ForeignKey(ModelVersion, models.CASCADE, related_name="embeddings", db_index=False)
    image = models.ForeignKey("catalog.ProductImage", models.CASCADE, related_name="embeddings")
    # The image's product, copied so that a search joins one table less; an image never changes its product.
    product = models.ForeignKey("catalog.Product", models.CASCADE, related_name="embeddings", db_index=False)
    vector = VectorField()  # version.dimensions floats
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [models.Index(fields=["product", "version"], name="embedding_product")]  # the vectors of a product
        # No vector index here: lengths differ, so versions.vectors.index builds a partial one for each version.
        constraints = [models.UniqueConstraint(fields=["version", "image"], name="one_vector_per_version_and_image")]

    def __str__(self) -> str:
        return f"embedding of image {self.image_id} by version {self.version_id}"


class ImageWalk(models.Model):
    """The one row that says where the sweep is on its walk through all images, in search of missing vectors."""

    position = models.BigIntegerField(default=0)  # the id of the last image that it looked at

    def __str__(self) -> str:
        return f"images up to {self.position}"


class ShopperVector(models.Model):
    """A shopper's taste by a personal version; its inner product with a product's vector is the score."""

    version = models.ForeignKey(ModelVersion, models.CASCADE, related_name="shopper_vectors", db_index=False)
    shopper = models.ForeignKey("catalog.Shopper", models.CASCADE, related_name="vectors")
    vector = VectorField()  # version.dimensions floats

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["version", "shopper"], name="one_vector_per_version_and_shopper")
        ]

    def __str__(self) -> str:
        return f"taste of shopper {self.shopper_id} by version {self.version_id}"


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
