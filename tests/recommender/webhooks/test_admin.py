import re

import pytest
from django.urls import reverse

from recommender.webhooks.models import Delivery, Event, Webhook
from recommender.webhooks.outbox import emit

pytestmark = pytest.mark.django_db
LIST = "/admin/webhooks/webhook/"


def test_a_secret_is_shown_once(admin_client, settings):
    settings.WEBHOOK_HOSTS = ["shop.example"]

    shown = admin_client.post(f"{LIST}add/", {"url": "https://shop.example/hooks", "events": ["training.finished"]})

    secret = re.search(r"<code>(whsec_[^<]+)</code>", shown.content.decode())[1]
    webhook = Webhook.objects.get()
    assert (webhook.secret, webhook.events) == (secret, ["training.finished"])
    for path in (LIST, f"{LIST}{webhook.pk}/change/"):
        again = admin_client.get(path).content.decode()
        assert "shop.example" in again and secret not in again


def test_an_address_that_is_not_allowed_is_an_error_of_its_field(admin_client):
    page = admin_client.post(f"{LIST}add/", {"url": "http://127.0.0.1/", "events": ["training.finished"]})

    assert "the host 127.0.0.1 is not among those in VISREC_WEBHOOK_HOSTS" in page.content.decode()
    assert not Webhook.objects.exists()


def test_a_message_is_seen_and_sent_again(admin_client, webhook):
    emit(Event.TRAINED, dict)
    Delivery.objects.update(tries=8, retry_at=None, problem="the response is 500")
    log = reverse("admin:webhooks_delivery_changelist")
    assert "the response is 500" in admin_client.get(log).content.decode()

    admin_client.post(log, {"action": "redeliver", "_selected_action": [Delivery.objects.get().pk]})

    assert Delivery.objects.get().tries == 0
    assert Delivery.objects.get().retry_at
