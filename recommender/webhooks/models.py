"""Addresses that are told what happens in the shop, and the messages to them."""

import uuid

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone

from catalog.fetching import MAX_URL


class Event(models.TextChoices):
    """Events that webhooks subscribe to."""

    FINDABLE = "products.findable", "products have become findable"
    TRAINED = "training.finished", "a training is finished"
    TRAINING_FAILED = "training.failed", "a training has failed"
    DESIGNED = "design.finished", "a design is finished, or has failed"
    ACTIVATED = "version.activated", "a model version was activated"
    IMPORTED = "import.finished", "an import is finished"
    EXPERIMENT_STOPPED = "experiment.stopped", "an experiment, or an arm of it, was stopped"


class Webhook(models.Model):
    """An address, and what it is told of. Written by recommender.webhooks.endpoints."""

    url = models.CharField("URL", max_length=MAX_URL, help_text="http or https, at a host of VISREC_WEBHOOK_HOSTS.")
    events = ArrayField(models.CharField(max_length=30, choices=Event), help_text="Events that it gets messages about.")
    # As it is, not as a digest: each message is signed with it.
    secret = models.CharField(max_length=100, editable=False)
    is_active = models.BooleanField("active", default=True, help_text="Not, once its address answered 410 Gone.")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return self.url


class Delivery(models.Model):
    """A message to a webhook: what is yet to be sent, and the log of what was. Written by outbox and delivery."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)  # the receiver knows repetitions by it
    webhook = models.ForeignKey(Webhook, models.CASCADE, related_name="deliveries")
    event = models.CharField(max_length=30, choices=Event)
    body = models.TextField()  # JSON, as it is signed
    tries = models.PositiveSmallIntegerField(default=0)
    retry_at = models.DateTimeField(null=True, default=timezone.now)  # null: it is not sent any more
    delivered_at = models.DateTimeField(null=True)
    status = models.PositiveSmallIntegerField("HTTP status", null=True)  # of the last try; null: there was no response
    problem = models.TextField(blank=True)  # why the last try failed
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-created_at"]
        verbose_name_plural = "deliveries"
        indexes = [
            models.Index(fields=["retry_at"], name="delivery_due", condition=Q(retry_at__isnull=False)),
            models.Index(fields=["webhook", "-created_at"], name="delivery_of_webhook"),
            models.Index(fields=["-created_at"], name="delivery_newest"),  # the admin's list; the sweep
        ]

    def __str__(self) -> str:
        return f"{self.event} to webhook {self.webhook_id}"
