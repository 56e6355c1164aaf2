"""Delivery of messages: signed, sent, tried again with growing pauses. Workers only, but for `redeliver`.

As the Standard Webhooks specification has it: https://www.standardwebhooks.com/, version 1.
"""

import base64
import hashlib
import hmac
import logging
import time
from datetime import timedelta
from http import HTTPStatus

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from catalog import fetching
from catalog.errors import FetchFailed, FetchRefused
from recommender import broker
from recommender.webhooks.endpoints import PREFIX
from recommender.webhooks.models import Delivery, Webhook

log = logging.getLogger(__name__)

SECONDS = 8  # in which one run begins new ones: a sweep waits behind it
TRIES = 8
PAUSE = timedelta(
    seconds=10
)  # before the second try; each further pause is six times as long, the last one over five days


def sign(secret: str, id: str, timestamp: int, body: str) -> str:
    """Return the signature of a message for the header webhook-signature."""
    key = base64.b64decode(secret.removeprefix(PREFIX))
    digest = hmac.digest(key, f"{id}.{timestamp}.{body}".encode(), hashlib.sha256)
    return f"v1,{base64.b64encode(digest).decode()}"


def run() -> bool:
    """Send messages for a few seconds; return whether more are due."""
    until = time.monotonic() + SECONDS
    while time.monotonic() < until:
        delivery = claim()
        if delivery is None:
            return False
        send(delivery)
    return is_due()


def is_due() -> bool:
    return Delivery.objects.filter(retry_at__lte=timezone.now(), webhook__is_active=True).exists()


@transaction.atomic
def claim() -> Delivery | None:
    """Return the message that is due for longest, and plan its next try; None if none is due.

    So nobody else begins it for a while, and it is not lost with this process.
    """
    due = Delivery.objects.filter(retry_at__lte=timezone.now(), webhook__is_active=True).order_by("retry_at", "pk")
    delivery = due.select_related("webhook").select_for_update(of=("self",), skip_locked=True).first()
    if delivery:
        delivery.tries += 1
        pause = PAUSE * 6 ** (delivery.tries - 1)
        delivery.retry_at = timezone.now() + pause if delivery.tries < TRIES else None
        delivery.save(update_fields=["tries", "retry_at"])
    return delivery


def send(delivery: Delivery) -> None:
    """Send a message, and store what became of it."""
    id, timestamp = str(delivery.pk), int(time.time())
    headers = {
        "Content-Type": "application/json",
        "webhook-id": id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": sign(delivery.webhook.secret, id, timestamp, delivery.body),
    }
    try:
        status = fetching.post(delivery.webhook.url, delivery.body.encode(), headers, fetching.WEBHOOKS)
    except FetchFailed as error:
        note(delivery, None, str(error))
    except FetchRefused as error:
        note(delivery, None, str(error))
        Delivery.objects.filter(pk=delivery.pk).update(retry_at=None)
    else:
        is_taken = HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES
        note(delivery, status, "" if is_taken else f"the response is {status}")
        if status == HTTPStatus.GONE:
            Webhook.objects.filter(pk=delivery.webhook_id).update(is_active=False)


def note(delivery: Delivery, status: int | None, problem: str) -> None:
    """Store the outcome of a try; problem: "" if the message was taken."""
    outcome = {"status": status, "problem": problem}
    if problem:
        log.warning("%s failed, try %d: %s", delivery, delivery.tries, problem)
        Delivery.objects.filter(pk=delivery.pk).update(**outcome)
    else:
        Delivery.objects.filter(pk=delivery.pk).update(**outcome, delivered_at=timezone.now(), retry_at=None)


def redeliver(delivery: Delivery) -> None:
    """Queue a message to be sent once more, with all its tries, whatever became of it."""
    Delivery.objects.filter(pk=delivery.pk).update(retry_at=timezone.now(), tries=0)
    transaction.on_commit(lambda: broker.send("deliver_webhooks", priority=broker.LATER))


def delete_old(limit: int) -> int:
    """Delete up to `limit` messages older than VISREC_WEBHOOK_DAYS, the oldest first; return how many."""
    before = timezone.now() - timedelta(days=settings.WEBHOOK_DAYS)
    old = Delivery.objects.filter(created_at__lt=before).order_by("created_at")[:limit]
    return Delivery.objects.filter(pk__in=old.values("pk")).delete()[0]
