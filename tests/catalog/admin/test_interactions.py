from datetime import timedelta

import pytest
from django.utils import timezone

from catalog.models import Interaction
from tests.factories import InteractionFactory, ProductFactory, ShopperFactory

pytestmark = pytest.mark.django_db


def test_interactions_are_found_by_who_and_what(admin_client):
    mine = InteractionFactory(shopper=ShopperFactory(key="ada"), product=ProductFactory(sku="A-1"))
    guest = InteractionFactory(shopper=None, session="s" * 32, product=ProductFactory(sku="B-2"))
    old = InteractionFactory(kind="view", occurred_at=timezone.now() - timedelta(days=400))

    def found(**asked) -> set[int]:
        return {row.pk for row in admin_client.get("/admin/catalog/interaction/", asked).context["cl"].result_list}

    assert found(q="ada") == found(q="A-1") == {mine.pk}
    assert found(q="s" * 32) == found(q="B-2") == {guest.pk}
    assert found(q="ad") == set()
    assert found(kind__exact="view") == {old.pk}


def test_interactions_and_shoppers_can_only_be_read(admin_client):
    interaction = InteractionFactory()

    for path in (f"interaction/{interaction.pk}", f"shopper/{interaction.shopper_id}"):
        page = admin_client.get(f"/admin/catalog/{path}/change/")
        assert page.status_code == 200
        assert 'name="_save"' not in page.content.decode()
        assert admin_client.post(f"/admin/catalog/{path}/delete/", {"post": "yes"}).status_code == 403
    assert Interaction.objects.exists()
