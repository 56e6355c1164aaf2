from rest_framework.request import Request
from rest_framework.test import APIRequestFactory

from catalog.models import Interaction
from recommender.api.histories import history_page
from tests.factories import InteractionFactory


def test_an_interaction_is_shown_as_it_is_stored(db):
    stored = InteractionFactory(product__sku="A-1", kind="cart", event_id="e-1", position=3, placement="home")

    (shown,) = history_page(Request(APIRequestFactory().get("/")), Interaction.objects.all()).data["results"]

    assert [shown[name] for name in ("sku", "kind", "id", "position", "placement")] == ["A-1", "cart", "e-1", 3, "home"]
    assert shown["timestamp"].startswith(stored.occurred_at.strftime("%Y-%m-%dT%H:%M"))
    assert "recorded_at" in shown and "session" not in shown
