"""Sampled requests with the recall of their answers, and how versions are searched because of them."""

from django.db import models
from django.utils import timezone

from recommender.models import ModelVersion


class SampledRequest(models.Model):
    """A request that was answered again, by the index and exactly. Of the visitor it has nothing."""

    version = models.ForeignKey(ModelVersion, models.CASCADE, related_name="sampled_requests", db_index=False)
    product = models.ForeignKey("catalog.Product", models.CASCADE, null=True, related_name="+")  # of similar styles
    placement = models.CharField(max_length=50, blank=True)
    query = models.JSONField(null=True)  # of similar styles: serving.saved_json.QueryJson
    filters = models.CharField(max_length=30, help_text="What the results had to satisfy: category, price, both.")
    ef_search = models.PositiveSmallIntegerField(help_text="Candidates that the walk kept. 0: all were compared.")
    recall = models.FloatField(help_text="Share of the nearest products that the answer had.")
    usual_recall = models.FloatField(help_text="The same by the usual search, where the version is searched otherwise.")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        default_permissions = ()
        indexes = [
            models.Index(fields=["version", "-at"], name="sampled_of_version"),  # recall.of
            models.Index(fields=["at"], name="sampled_oldest"),  # audit.delete_old
        ]

    def __str__(self) -> str:
        return f"request of {self.at:%Y-%m-%d %H:%M}, recall {self.recall:.2f}"


class ChangeKind(models.TextChoices):
    """Kind of change of the search by a version."""

    WIDENED = "widened", "searched more widely"
    NARROWED = "narrowed", "searched as usual again"
    REBUILT = "rebuilt", "its index was built anew"


class SearchChange(models.Model):
    """Change of the search by a version: from then on its recall is measured anew. Written by audits.width."""

    version = models.ForeignKey(ModelVersion, models.CASCADE, related_name="search_changes")
    kind = models.CharField(max_length=8, choices=ChangeKind)
    ef_search = models.PositiveSmallIntegerField(null=True, help_text="Candidates of a walk from then on; 0: exact.")
    reason = models.CharField(max_length=200, blank=True)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-at", "-pk"]
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.version}: {self.get_kind_display()}"


class Replay(models.Model):
    """Last week's requests, answered again by two versions of a role. Written by audits.replay."""

    first = models.ForeignKey(ModelVersion, models.CASCADE, related_name="+")
    second = models.ForeignKey(ModelVersion, models.CASCADE, related_name="+")
    by = models.CharField(max_length=150, blank=True, help_text="The account or key that requested it.")
    created_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    figures = models.JSONField(null=True)  # replay.Figures

    class Meta:
        ordering = ["-pk"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["first", "second"], condition=models.Q(finished_at=None), name="one_replay_at_a_time"
            )
        ]

    def __str__(self) -> str:
        return f"{self.first} and {self.second}"
