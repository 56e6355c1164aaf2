import pytest

from catalog.models import Interaction, Shopper
from recommender.models import Design, ShopperVector
from tests.factories import AccountFactory, CategoryFactory, InteractionFactory, ProductFactory, ShopperFactory, turned

pytestmark = pytest.mark.django_db


@pytest.fixture
def sam(client, active_personal) -> Shopper:
    """A shopper who is signed in, of whom there is something of each kind."""
    shopper = ShopperFactory(key="sam", account=AccountFactory(username="sam"))
    for kind in ("view", "view", "like"):
        InteractionFactory(shopper=shopper, kind=kind)
    ShopperVector.objects.create(version=active_personal, shopper=shopper, vector=turned(0))
    Design.objects.create(shopper=shopper, category=CategoryFactory())
    client.force_login(shopper.account)
    return shopper


def test_it_counts_what_is_stored_and_leads_to_all_of_it(client, sam, active_personal):
    InteractionFactory()  # another's

    page = client.get("/me/").content.decode()

    assert '<th scope="row">View</th><td>2</td>' in page and '<th scope="row">Like</th><td>1</td>' in page
    assert str(active_personal) in page and "Purchase" not in page
    assert 'href="/api/v1/me/export/"' in page
    export = client.get("/api/v1/me/export/")
    assert export.status_code == 200 and b'"user":"sam"' in b"".join(export.streaming_content)


def test_all_of_it_is_deleted_once_the_box_is_ticked(client, sam):
    kept = InteractionFactory()

    assert "tick the box" in client.post("/me/forget/", follow=True).content.decode()
    assert Interaction.objects.filter(shopper=sam).count() == 3

    page = client.post("/me/forget/", {"sure": "yes"}, follow=True).content.decode()
    assert "Your history was deleted." in page and "Nothing yet" in page
    assert list(Interaction.objects.all()) == [kept]
    assert not ShopperVector.objects.exists() and not Design.objects.exists()
    assert Shopper.objects.filter(pk=sam.pk, account=sam.account).exists()


def test_a_guest_sees_and_deletes_what_this_browser_did(client):
    assert "Nothing yet" in client.get("/me/").content.decode()
    assert "sessionid" not in client.cookies
    client.get(f"/products/{ProductFactory().sku}/")
    kept = InteractionFactory(shopper=None, session="another")

    page = client.get("/me/").content.decode()
    assert '<th scope="row">View</th><td>1</td>' in page and "Sign in" in page and "export" not in page

    client.post("/me/forget/", {"sure": "yes"})
    assert list(Interaction.objects.all()) == [kept]
