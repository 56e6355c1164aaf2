"""Schedules of trainings: when a method is trained again, and what follows. Written by schedules.planning."""

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone

from recommender.models import ModelVersion

MAX_INTERACTIONS = 2**31 - 1  # in a PositiveIntegerField
NO_TIME = "Say at which hour it is trained, or after how many interactions."


class Then(models.TextChoices):
    """Rule for a version that a schedule had trained."""

    KEEP = "keep", "only keep it"
    BETTER = "better", "activate it if it is better for certain"
    DECIDE = "ask", "ask: the first page of the admin names it"


class ScheduleState(models.TextChoices):
    """State of a schedule."""

    WAITING = "waiting", "waits for its time"
    TRAINING = "training", "a version is in training"
    UNDECIDED = "undecided", "a version waits for your decision"


class TrainingSchedule(models.Model):
    """A method that is trained again and again."""

    method = models.CharField(max_length=110)
    settings = models.JSONField(default=dict, blank=True, help_text='As of a training, such as {"colour": 0.6}.')
    epochs = models.PositiveIntegerField(
        null=True, blank=True, validators=[MinValueValidator(1)], help_text="Empty: the method's default."
    )
    hour = models.PositiveSmallIntegerField(
        null=True,
        blank=True,
        validators=[MaxValueValidator(23)],
        help_text="0 to 23, UTC: trained every day at this hour. Empty: not by the clock.",
    )
    interactions = models.PositiveIntegerField(
        "new interactions",
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text="Trained after as many since the last time. Empty: not by their number.",
    )
    then = models.CharField(max_length=6, choices=Then, default=Then.DECIDE)
    is_enabled = models.BooleanField("enabled", default=True)
    state = models.CharField(max_length=9, choices=ScheduleState, default=ScheduleState.WAITING, editable=False)
    last_at = models.DateTimeField(default=timezone.now, editable=False)  # of the last training, or of its creation
    last_interaction = models.BigIntegerField(default=0, editable=False)  # the newest one then
    version = models.ForeignKey(ModelVersion, models.SET_NULL, null=True, editable=False, related_name="+")
    outcome = models.CharField(max_length=300, blank=True, editable=False)

    class Meta:
        ordering = ["method", "pk"]
        default_permissions = ()  # those of model versions count
        constraints = [
            models.CheckConstraint(
                condition=Q(hour__isnull=False) | Q(interactions__isnull=False),
                name="a_schedule_has_a_time",
                violation_error_message=NO_TIME,
            )
        ]

    def __str__(self) -> str:
        times = [
            *([] if self.hour is None else [f"every day at {self.hour}:00 UTC"]),
            *([] if self.interactions is None else [f"after {self.interactions:,} new interactions"]),
        ]
        return f"{self.method} {' and '.join(times)}"
