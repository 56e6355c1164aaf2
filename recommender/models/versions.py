"""Model versions, and what served each role when."""

from pathlib import Path

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q


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
    by = models.CharField(
        max_length=150, blank=True, editable=False, help_text="The account or key that started it. Empty: a command."
    )
    worker = models.CharField(max_length=255, blank=True, editable=False, help_text="The machine that trained it last.")
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


class MethodNumber(models.Model):
    """The last number that a version of a method got, also after it was deleted. Written by versions.lifecycle."""

    method = models.CharField(max_length=110, primary_key=True)
    last = models.PositiveIntegerField()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.method} {self.last}"


class Activation(models.Model):
    """A version put into service for its role, or to be put there once it has embedded all images."""

    role = models.CharField(max_length=10, choices=Role)
    version = models.ForeignKey(ModelVersion, models.SET_NULL, null=True, related_name="activations")
    name = models.CharField(max_length=130, help_text="The version, though it may be deleted.")
    former = models.CharField(max_length=130, blank=True, help_text="The version that it replaced.")
    by = models.CharField(max_length=150, blank=True, help_text="The account or key. Empty: its training.")
    is_roll_back = models.BooleanField(default=False)
    reason = models.CharField(max_length=300, blank=True)
    at = models.DateTimeField(null=True, help_text="Empty: it waits for a worker.")

    class Meta:
        ordering = ["-at", "-pk"]
        indexes = [models.Index(fields=["role", "-at", "-id"], name="activations_of_role")]

    def __str__(self) -> str:
        return f"{self.name} for {self.get_role_display()}"
