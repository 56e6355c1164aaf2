"""Imports of products and interactions that workers run: of files that staff uploaded, and of feeds."""

import secrets

from django.conf import settings
from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone

from catalog.fetching import MAX_URL
from catalog.importers.reports import ProductReport
from recommender.models import Leased


class RunStatus(models.TextChoices):
    """The status of an import."""

    DRAFT = "draft", "uploaded"  # nobody has said yet that it is to be imported
    QUEUED = "queued", "waiting for a worker"
    RUNNING = "running", "running"
    DONE = "done", "done"
    FAILED = "failed", "failed"
    CANCELLED = "cancelled", "cancelled"


class RunKind(models.TextChoices):
    """The content of a file."""

    PRODUCTS = "products", "products"
    INTERACTIONS = "interactions", "interactions"


PENDING = (RunStatus.QUEUED, RunStatus.RUNNING)
FINISHED = (RunStatus.DONE, RunStatus.FAILED, RunStatus.CANCELLED)


def run_token() -> str:
    """Return a random name for the folder of an import's files."""
    return secrets.token_hex(16)


class Feed(models.Model):
    """A file of products at a URL that is imported again and again. Written by recommender.imports.feeds."""

    class Interval(models.IntegerChoices):
        """Hours between two imports of a feed; each divides a day."""

        HOURLY = 1, "every hour"
        EVERY_3 = 3, "every 3 hours"
        EVERY_6 = 6, "every 6 hours"
        EVERY_12 = 12, "every 12 hours"
        DAILY = 24, "every day"

    name = models.CharField(max_length=100, unique=True)
    url = models.CharField(
        "URL", max_length=MAX_URL, help_text="http or https, at a host of VISREC_IMAGE_HOSTS: a table, JSON or XML."
    )
    profile = models.ForeignKey(
        "catalog.ImportProfile",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="Columns that are not to be recognised.",
    )
    interval = models.PositiveSmallIntegerField(choices=Interval, default=Interval.DAILY)
    hour = models.PositiveSmallIntegerField(
        default=3,
        validators=[MaxValueValidator(23)],
        help_text="0 to 23, UTC: when it is imported, or one of the times.",
    )
    retire = models.BooleanField(
        "hide what has left it",
        default=False,
        help_text="The feed has all products of the shop: those that it no longer names are hidden from visitors, and "
        "shown again when they are back.",
    )
    most_retired = models.PositiveSmallIntegerField(
        "most that are hidden at once",
        default=20,
        validators=[MaxValueValidator(100)],
        help_text="Percent of the products that visitors see. If the feed lacks more, none is hidden until you say so.",
    )
    is_enabled = models.BooleanField("enabled", default=True, help_text="Imported by itself; else only by hand.")
    next_at = models.DateTimeField("next import", null=True, editable=False)

    class Meta:
        ordering = ["name"]
        indexes = [models.Index(fields=["next_at"], name="feed_due", condition=Q(is_enabled=True))]  # feeds.start_due

    def __str__(self) -> str:
        return self.name


class ImportRun(Leased):
    """An import by a worker, with its progress and results. Written by recommender.imports.runs.

    Of interactions, those that were recorded are `created`, and those that were known already `unchanged`.
    """

    kind = models.CharField("of", max_length=12, choices=RunKind, default=RunKind.PRODUCTS)
    source = models.CharField(max_length=MAX_URL, help_text="The name of the file that was uploaded, or a feed's URL.")
    feed = models.ForeignKey(Feed, models.SET_NULL, null=True, blank=True, related_name="runs")
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name="by"
    )
    token = models.CharField(max_length=32, default=run_token, editable=False)  # names the folder of its files
    has_source = models.BooleanField(default=True, editable=False)  # the file, which is removed once it is imported
    columns = models.JSONField(default=dict, help_text="What columns were chosen for.")
    store_as = models.CharField(max_length=100, blank=True, help_text="The profile that the columns are stored as.")
    positive = models.FloatField(null=True, blank=True, help_text="Of ratings: from which on one is a like.")
    is_trial = models.BooleanField(default=False, help_text="It says what an import would do, and writes nothing.")
    retire = models.BooleanField(default=False)
    most_retired = models.PositiveSmallIntegerField(default=20)  # percent
    status = models.CharField(max_length=9, choices=RunStatus, default=RunStatus.DRAFT)
    tries = models.PositiveSmallIntegerField(
        default=0,
        help_text="How many workers have started it since it last went on, without those that handed it over.",
    )
    fetches = models.PositiveSmallIntegerField(default=0)  # that failed, of a feed's file

    total = models.PositiveBigIntegerField(null=True, help_text="Rows in the source; empty until it was read.")
    read = models.PositiveBigIntegerField(default=0)
    created = models.PositiveBigIntegerField(default=0)
    updated = models.PositiveBigIntegerField("changed", default=0)
    unchanged = models.PositiveBigIntegerField(default=0)
    failed = models.PositiveBigIntegerField("problems", default=0)
    awaited = models.PositiveBigIntegerField(default=0, help_text="Images that are to be fetched by their URLs.")
    hidden = models.PositiveBigIntegerField(default=0, help_text="Products that have left the feed.")
    shown = models.PositiveBigIntegerField(default=0, help_text="Products that are back in the feed.")
    is_retirement_refused = models.BooleanField(default=False, help_text="The feed lacks more than its limit.")
    report_bytes = models.PositiveBigIntegerField(default=0, editable=False)  # of report.csv, as of these counts
    notes = models.JSONField(default=list)  # what was assumed and left out
    error = models.TextField(blank=True, help_text="Why it failed, or is tried again.")

    created_at = models.DateTimeField("when", default=timezone.now)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = "import"
        ordering = ["-created_at", "-pk"]
        indexes = [
            models.Index(fields=["-created_at"], name="import_newest"),  # the admin's list; runs.delete_old
            models.Index(fields=["lease_until"], name="import_pending", condition=Q(status__in=PENDING)),  # the sweep
            models.Index(fields=["id"], name="import_with_source", condition=Q(has_source=True)),  # the sweep
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["feed"], condition=Q(status__in=PENDING, feed__isnull=False), name="one_pending_import_per_feed"
            )
        ]

    def __str__(self) -> str:
        return f"import {self.pk} of {self.source}"

    @property
    def is_pending(self) -> bool:
        return self.status in PENDING

    @property
    def failed_images(self) -> int:
        """Return how many of the problems are images, of products that were imported without them."""
        if self.kind != RunKind.PRODUCTS:
            return 0
        counts = {name: getattr(self, name) for name in ("read", "created", "updated", "unchanged", "failed")}
        return ProductReport(**counts).failed_images
