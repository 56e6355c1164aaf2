"""Webhooks: created with a secret that is shown once, and deleted."""

import base64
import secrets
from collections.abc import Sequence

from django.core.exceptions import ValidationError

from catalog.errors import FetchRefused
from catalog.fetching import WEBHOOKS, parse_target
from recommender.webhooks.models import Event, Webhook

PREFIX = "whsec_"  # of a secret; base64 follows
SECRET_BYTES = 32


def check_url(url: str) -> None:
    """Raise ValidationError unless messages may be sent to this URL."""
    try:
        parse_target(url, WEBHOOKS)
    except FetchRefused as error:
        raise ValidationError({"url": f"Nothing is sent there: {error}."}) from error


def create(url: str, events: Sequence[Event | str]) -> Webhook:
    """Create a webhook with a secret of its own. Raises ValidationError, by field."""
    webhook = Webhook(url=url, events=events)
    store(webhook)
    return webhook


def store(webhook: Webhook) -> None:
    """Store a new webhook with a secret of its own. Raises ValidationError, by field."""
    webhook.events = sorted(set(webhook.events))
    webhook.full_clean(exclude=["secret"])
    check_url(webhook.url)
    webhook.secret = PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()
    webhook.save(force_insert=True)
