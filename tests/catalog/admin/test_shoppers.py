import pytest

from tests.factories import InteractionFactory, ShopperFactory

pytestmark = pytest.mark.django_db


def test_shoppers_show_how_much_they_did(admin_client):
    busy = InteractionFactory().shopper
    InteractionFactory(shopper=busy)
    idle = ShopperFactory(is_simulated=True)

    listed = admin_client.get("/admin/catalog/shopper/").context["cl"].result_list
    assert {shopper.pk: shopper.interaction_total for shopper in listed} == {busy.pk: 2, idle.pk: 0}
    filtered = admin_client.get("/admin/catalog/shopper/", {"is_simulated__exact": "1"}).context["cl"].result_list
    assert list(filtered) == [idle]
