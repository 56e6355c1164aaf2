import base64
import hashlib
import hmac
import json
from datetime import timedelta

import pytest
from django.utils import timezone

from recommender.webhooks import delivery
from recommender.webhooks.models import Delivery, Event, Webhook
from recommender.webhooks.outbox import emit

pytestmark = pytest.mark.django_db


def message() -> Delivery:
    return Delivery.objects.get()


def when_due() -> None:
    """Let the pause before the next try pass."""
    Delivery.objects.update(retry_at=timezone.now())


def test_a_message_is_signed_as_the_specification_has_it():
    # The example of https://github.com/standard-webhooks/standard-webhooks and of its libraries' tests.
    secret, id, body = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", '{"test": 2432232314}'

    assert delivery.sign(secret, id, 1614265330, body) == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_message_arrives_signed_once(webhook, receiver):
    emit(Event.TRAINED, lambda: {"id": 7})

    assert delivery.run() is False
    delivery.run()

    [(headers, body)] = receiver.got
    assert json.loads(body)["data"] == {"id": 7}
    assert headers["webhook-id"] == str(message().pk)
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.{body}".encode()
    digest = hmac.digest(base64.b64decode(webhook.secret[6:]), signed, hashlib.sha256)
    assert headers["webhook-signature"] == f"v1,{base64.b64encode(digest).decode()}"
    assert (message().status, message().retry_at, message().problem) == (204, None, "")
    assert message().delivered_at


def test_a_message_that_is_not_taken_is_sent_again_with_growing_pauses(webhook, receiver):
    receiver.answers = [500, 302, 404]
    emit(Event.TRAINED, dict)
    pauses = []
    for _ in range(3):
        when_due()
        before = timezone.now()
        delivery.run()
        pauses.append(round((message().retry_at - before).total_seconds()))

    assert pauses == [10, 60, 360]
    assert (message().status, message().problem) == (404, "the response is 404")
    assert len({headers["webhook-id"] for headers, _ in receiver.got}) == 1
    when_due()
    delivery.run()
    assert (message().tries, message().status, message().problem) == (4, 204, "")


def test_it_is_given_up_after_the_last_try_and_can_be_sent_again(webhook, receiver):
    receiver.answers = [500] * delivery.TRIES
    emit(Event.TRAINED, dict)
    for _ in range(delivery.TRIES):
        when_due()
        delivery.run()
    assert (message().tries, message().retry_at, message().delivered_at) == (delivery.TRIES, None, None)

    delivery.redeliver(message())
    delivery.run()

    assert (message().tries, len(receiver.got)) == (1, delivery.TRIES + 1)
    assert message().delivered_at


def test_a_message_whose_worker_was_killed_is_sent_later(webhook, receiver):
    emit(Event.TRAINED, dict)
    delivery.claim()  # and nothing more

    assert (delivery.run(), receiver.got) == (False, [])
    when_due()
    delivery.run()
    assert len(receiver.got) == 1


def test_an_address_that_is_gone_is_told_nothing_more(webhook, receiver):
    receiver.answers = [410]
    emit(Event.TRAINED, dict)
    delivery.run()
    when_due()

    assert not Webhook.objects.get().is_active
    assert (delivery.run(), delivery.is_due(), len(receiver.got)) == (False, False, 1)


def test_nothing_is_sent_to_an_address_that_is_no_longer_allowed(webhook, receiver, settings):
    settings.WEBHOOK_HOSTS = []
    emit(Event.TRAINED, dict)

    delivery.run()

    assert (message().retry_at, receiver.got) == (None, [])
    assert "is not fetched from" in message().problem


def test_a_name_that_leads_inside_is_refused(internet, settings, db):
    settings.WEBHOOK_HOSTS = ["*"]
    internet.names["inside.example"] = ["10.0.0.5"]
    webhook = Webhook.objects.create(url="http://inside.example/", events=[Event.TRAINED], secret="whsec_AAAA")
    emit(Event.TRAINED, dict)

    delivery.run()

    assert message().webhook == webhook
    assert message().problem == "inside.example has the address 10.0.0.5, which is not public"
    assert internet.connected == []


def test_the_log_ends(webhook, settings):
    now = timezone.now()
    for days in (1, settings.WEBHOOK_DAYS + 1):
        Delivery.objects.create(webhook=webhook, event=Event.TRAINED, body="{}", created_at=now - timedelta(days=days))

    assert delivery.delete_old(10) == 1
    assert message().created_at == now - timedelta(days=1)
