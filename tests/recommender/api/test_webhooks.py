import pytest

from recommender.access import keys
from recommender.access.models import KeyKind
from recommender.access.scopes import SCOPES
from recommender.webhooks.models import Delivery, Event, Webhook
from recommender.webhooks.outbox import emit

URL = "/api/v1/webhooks/"
HOOK = {"url": "https://shop.example/hooks", "events": ["training.finished"]}


@pytest.fixture(autouse=True)
def allowed(settings):
    settings.WEBHOOK_HOSTS = ["shop.example"]


def test_a_webhook_has_its_secret_once(staff):
    created = staff.post(URL, HOOK)

    assert (created.status_code, created.json()["secret"]) == (201, Webhook.objects.get().secret)
    shown = staff.get(created["Location"]).json()
    assert shown == {name: value for name, value in created.json().items() if name != "secret"}
    assert staff.get(URL).json()["results"] == [shown]
    assert staff.delete(created["Location"]).status_code == 204
    assert staff.get(created["Location"]).status_code == 404


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"url": "https://elsewhere.example/"}, "url"),
        ({"events": []}, "events"),
        ({"events": ["weather"]}, "events.0"),
        ({"secret": "whsec_mine"}, "secret"),
    ],
)
def test_what_is_wrong_is_named(staff, changed, field):
    refused = staff.post(URL, HOOK | changed)

    assert (refused.status_code, list(refused.json()["errors"])) == (400, [field])


def test_messages_are_listed_and_sent_again(staff):
    pk = staff.post(URL, HOOK).json()["id"]
    emit(Event.TRAINED, dict)
    Delivery.objects.update(tries=8, retry_at=None, status=500, problem="the response is 500")

    [message] = staff.get(f"{URL}{pk}/deliveries/").json()["results"]
    again = staff.post(f"{URL}{pk}/deliveries/{message['id']}/redeliver/")

    assert (message["event"], message["tries"], message["status"]) == ("training.finished", 8, 500)
    assert (again.status_code, again.json()["tries"], again.json()["id"]) == (202, 0, message["id"])
    assert again.json()["retry_at"]
    other = staff.post(URL, HOOK).json()["id"]
    assert staff.post(f"{URL}{other}/deliveries/{message['id']}/redeliver/").status_code == 404


def test_no_key_reads_webhooks_and_the_answer_says_for_whom_they_are(client, db):
    _, secret = keys.create("ERP", KeyKind.SECRET, scopes=list(SCOPES))

    answer = client.get(URL, headers={"authorization": f"Bearer {secret}"})

    assert answer.status_code == 403
    assert answer.json()["detail"] == "This is for staff with the permission in the admin, not for keys."
