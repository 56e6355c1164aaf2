"""The outbox: what happened is stored as messages in the transaction in which it happens, so that none is lost."""

import json
from collections.abc import Callable, Mapping

from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction
from django.utils import timezone

from recommender import broker
from recommender.webhooks.models import Delivery, Event, Webhook


def emit(event: Event, describe: Callable[[], Mapping[str, object] | None]) -> None:
    """Store a message to each webhook that is told of the event, and have a worker send them after the commit.

    describe: returns the data of the event, or None if there is nothing to tell; called only if there is such a
    webhook.
    """
    webhooks = Webhook.objects.filter(is_active=True, events__contains=[event])
    ids = list(webhooks.values_list("pk", flat=True))
    data = describe() if ids else None
    if data is None:
        return
    message = {"type": event, "timestamp": timezone.now(), "data": data}
    body = json.dumps(message, cls=DjangoJSONEncoder)
    Delivery.objects.bulk_create(Delivery(webhook_id=pk, event=event, body=body) for pk in ids)
    transaction.on_commit(lambda: broker.send("deliver_webhooks", priority=broker.LATER))
