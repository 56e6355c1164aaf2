from recommender.webhooks.models import Delivery, Event


def test_a_message_is_named_by_event_and_webhook():
    assert str(Delivery(event=Event.TRAINED, webhook_id=7)) == "training.finished to webhook 7"
