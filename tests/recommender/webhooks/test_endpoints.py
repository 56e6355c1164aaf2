import pytest
from django.core.exceptions import ValidationError

from recommender.webhooks import endpoints
from recommender.webhooks.models import Event, Webhook

pytestmark = pytest.mark.django_db


def test_each_webhook_has_a_secret_of_its_own(settings):
    settings.WEBHOOK_HOSTS = ["shop.example"]

    first, second = (endpoints.create("https://shop.example/hooks", [Event.TRAINED] * 2) for _ in range(2))

    assert first.secret != second.secret
    assert (len(first.secret), first.events) == (len("whsec_") + 44, ["training.finished"])


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("https://elsewhere.example/", "the host elsewhere.example is not among those in VISREC_WEBHOOK_HOSTS"),
        ("http://127.0.0.1/", "the host 127.0.0.1 is not among those"),
        ("https://shop.example:8443/", "port 8443 is not fetched from"),
        ("ftp://shop.example/", "only http:// and https://"),
    ],
)
def test_nothing_is_sent_where_the_list_does_not_say(settings, url, reason):
    settings.WEBHOOK_HOSTS, settings.IMAGE_HOSTS = ["shop.example"], ["elsewhere.example"]

    with pytest.raises(ValidationError, match=reason):
        endpoints.create(url, [Event.TRAINED])
    assert not Webhook.objects.exists()


def test_what_it_is_told_of_must_exist(settings):
    settings.WEBHOOK_HOSTS = ["shop.example"]
    for events in ([], ["weather.changed"]):
        with pytest.raises(ValidationError, match="events"):
            endpoints.create("https://shop.example/", events)
