"""Experiments and their arms. Written by recommender.experiments.lifecycle."""

import secrets
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone

from recommender.models import ModelVersion, Role

MAX_DAYS = 60  # after which impressions, which are deleted after VISREC_IMPRESSION_DAYS, might be missing
SHARE = (MinValueValidator(0), MaxValueValidator(1))
TRIED_ROLES = [(role.value, role.label) for role in (Role.SIMILAR, Role.PERSONAL)]


class ExperimentState(models.TextChoices):
    DRAFT = "draft"
    RUNNING = "running"
    STOPPED = "stopped"
    CONCLUDED = "concluded"


class Goal(models.TextChoices):
    """Actions of a visitor that are counted after a recommendation, by kinds of interactions."""

    CLICK = "click", "clicks"
    LIKE = "like", "likes"
    CART = "cart", "products put in the cart"
    PURCHASE = "purchase", "purchases"


class Strategy(models.TextChoices):
    USUAL = "usual", "as usual"
    POPULAR = "popular", "the most popular products"


# Experiments that recommendations follow.
IN_EFFECT = Q(state=ExperimentState.RUNNING) | Q(adopted_at__isnull=False)


def new_salt() -> str:
    """Return a random text by which visitors are assigned."""
    return secrets.token_hex(16)


class Experiment(models.Model):
    """A question to the visitors: which of the arms is clicked, liked or bought more often."""

    name = models.CharField(max_length=100)
    role = models.CharField(
        max_length=10,
        choices=TRIED_ROLES,
        help_text="What the visitors see: similar styles, or what is recommended to them.",
    )
    placements = ArrayField(
        models.CharField(max_length=50),
        default=list,
        blank=True,
        help_text="Where it is shown, with commas between: on the shop's pages product, home and for-you. Empty: "
        "everywhere.",
    )
    goal = models.CharField(
        max_length=10,
        choices=Goal,
        default=Goal.CLICK,
        help_text="The share of the lists seen after which a visitor did this is compared.",
    )
    margin = models.FloatField(
        default=0.01,
        validators=SHARE,
        help_text="An arm whose rate is lower than the first one's by more than this, for certain, is stopped: 0.01 is "
        "one percentage point.",
    )
    days = models.PositiveSmallIntegerField(
        default=28,
        validators=[MinValueValidator(1), MaxValueValidator(MAX_DAYS)],
        help_text="Days after which it is stopped.",
    )
    state = models.CharField(max_length=9, choices=ExperimentState, default=ExperimentState.DRAFT, editable=False)
    salt = models.CharField(max_length=32, default=new_salt, editable=False)  # "" once it was stopped
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True, editable=False)
    stopped_at = models.DateTimeField(null=True, editable=False)
    concluded_at = models.DateTimeField(null=True, editable=False)
    checked_at = models.DateTimeField(null=True, editable=False)  # by the sweep
    # From then on everybody gets what the winner fixes besides its version; null: not, or not any more.
    adopted_at = models.DateTimeField(null=True, editable=False)
    winner = models.ForeignKey("Arm", models.SET_NULL, null=True, editable=False, related_name="+")
    figures = models.JSONField(null=True, editable=False)  # of a concluded one, whose impressions are deleted

    class Meta:
        ordering = ["-pk"]
        default_permissions = ()  # those of model versions count, which it shows to visitors
        indexes = [models.Index(fields=["id"], name="experiment_in_effect", condition=IN_EFFECT)]

    def __str__(self) -> str:
        return self.name


class Arm(models.Model):
    """Recommendations as a share of the visitors gets them. The first arm of an experiment is its control."""

    experiment = models.ForeignKey(Experiment, models.CASCADE, related_name="arms")
    name = models.CharField(max_length=40)
    share = models.PositiveSmallIntegerField(
        validators=[MinValueValidator(1), MaxValueValidator(100)],
        help_text="Percent of the visitors. Who is in no arm sees what everybody saw before.",
    )
    version = models.ForeignKey(
        ModelVersion, models.SET_NULL, null=True, blank=True, related_name="arms", help_text="Empty: the active one."
    )
    version_name = models.CharField(max_length=130, blank=True, editable=False)  # though it may be deleted
    strategy = models.CharField(max_length=10, choices=Strategy, default=Strategy.USUAL)
    diversity = models.FloatField(null=True, blank=True, validators=SHARE, help_text="0 to 1. Empty: as requested.")
    min_score = models.FloatField(null=True, blank=True, validators=SHARE, help_text="0 to 1. Empty: as requested.")
    exclude_seen = models.BooleanField(
        null=True, blank=True, help_text="Leave out products that the visitor knows. Empty: as requested."
    )
    stopped_at = models.DateTimeField(null=True, editable=False)
    reason = models.CharField(max_length=300, blank=True, editable=False)  # why it was stopped

    class Meta:
        ordering = ["pk"]
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["experiment", "name"], name="one_arm_of_a_name")]

    def __str__(self) -> str:
        return self.name

    @property
    def lacks_version(self) -> bool:
        """Return whether the version that it is to show was deleted."""
        return bool(self.version_name) and self.version_id is None

    @property
    def can_be_adopted(self) -> bool:
        """Return whether it fixes anything besides a version."""
        return bool(self.parameters) or self.strategy != Strategy.USUAL

    @property
    def parameters(self) -> dict[str, Any]:
        """Return the parameters of a recommendation that it fixes."""
        fixed = {"diversity": self.diversity, "min_score": self.min_score, "exclude_seen": self.exclude_seen}
        return {name: value for name, value in fixed.items() if value is not None}


class Entry(models.Model):
    """Line of an experiment's history."""

    experiment = models.ForeignKey(Experiment, models.CASCADE, related_name="entries")
    at = models.DateTimeField(default=timezone.now)
    by = models.CharField(max_length=150, blank=True)  # the account or key; "": the shop itself
    text = models.CharField(max_length=400)

    class Meta:
        ordering = ["-at", "-pk"]
        default_permissions = ()
        verbose_name_plural = "entries"

    def __str__(self) -> str:
        return self.text
