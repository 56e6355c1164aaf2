import pytest

from catalog.models import Interaction, Shopper
from tests.factories import AccountFactory, InteractionFactory, ProductFactory

pytestmark = pytest.mark.django_db


def sign_in(client, account):
    return client.post("/login/", {"username": account.username, "password": "secret"})


def test_a_guest_who_signs_in_keeps_what_they_did(client):
    product, account = ProductFactory(), AccountFactory(username="ada")
    client.get(product.get_absolute_url())
    client.post(f"/products/{product.sku}/verdict/", {"verdict": "like"})
    guest = client.session.session_key

    assert sign_in(client, account).status_code == 302

    assert client.session.session_key != guest
    assert {row.shopper.key for row in Interaction.objects.all()} == {"ada"}
    assert sorted(Interaction.objects.values_list("kind", flat=True)) == ["like", "view"]
    assert Shopper.objects.get().account == account
    assert client.session["merged"] == guest  # by which experiments know them again


def test_a_name_in_a_cookie_brings_nobody_s_interactions(client):
    row = InteractionFactory(shopper=None, session="guest-of-another-shop")
    client.cookies["sessionid"] = "guest-of-another-shop"

    assert sign_in(client, AccountFactory()).status_code == 302

    row.refresh_from_db()
    assert (row.shopper, row.session) == (None, "guest-of-another-shop")


def test_whoever_did_nothing_yet_is_no_shopper_for_signing_in(client):
    client.get("/")

    assert sign_in(client, AccountFactory()).status_code == 302
    assert not Shopper.objects.exists()


def test_a_wrong_password_brings_nobody_anything(client):
    client.get(ProductFactory().get_absolute_url())

    assert sign_in(client, AccountFactory(password="another")).status_code == 200
    assert Interaction.objects.get().shopper is None


def test_other_guests_stay_guests(client):
    other = InteractionFactory(shopper=None, session="other")
    client.get(ProductFactory().get_absolute_url())

    sign_in(client, AccountFactory())

    assert list(Interaction.objects.filter(shopper=None)) == [other]
