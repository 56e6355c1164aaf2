from urllib.parse import quote

import pytest

from catalog.models import Interaction
from recommender.throttling import VisitorThrottle
from tests.factories import InteractionFactory, ProductFactory, embed, turned

URL = "/api/v1/visitors/"
EVENTS = "/api/v1/interactions/"


@pytest.fixture
def visitor(guest) -> dict[str, str]:
    """The header of a new guest."""
    response = guest.post(URL)
    assert (response.status_code, list(response.json())) == (201, ["visitor"])
    return {"X-Visitor": response.json()["visitor"]}


def skus(response) -> list[str]:
    return [result["product"]["sku"] for result in response.json()["results"]]


def test_a_guest_reads_recommendations_by_a_token(guest, visitor, active_personal):
    for sku, angle in (("liked", 0), ("near", 10), ("far", 120)):
        embed(ProductFactory(sku=sku), active_personal, turned(angle))

    before = guest.get(f"{URL}me/recommendations/", headers=visitor)
    guest.post(EVENTS, {"sku": "liked", "kind": "like"}, headers=visitor)
    after = guest.get(f"{URL}me/recommendations/", headers=visitor)

    assert [response.json()["strategy"] for response in (before, after)] == ["popular", "session"]
    assert skus(after) == ["near", "far"]
    assert "sessionid" not in guest.cookies


def test_a_guest_reads_and_deletes_what_is_stored_of_them(guest, visitor):
    for sku in ("one", "two"):
        ProductFactory(sku=sku, image=False)
        guest.post(EVENTS, {"sku": sku, "kind": "view"}, headers=visitor)
    other = InteractionFactory()

    page = guest.get(f"{URL}me/interactions/", headers=visitor).json()
    assert (page["count"], [row["sku"] for row in page["results"]]) == (2, ["two", "one"])

    assert guest.delete(f"{URL}me/interactions/", headers=visitor).status_code == 204
    assert list(Interaction.objects.all()) == [other]


def test_a_guest_deletes_one_interaction(guest, visitor):
    ProductFactory(sku="one", image=False)
    for event in ("first", "second"):
        guest.post(EVENTS, {"sku": "one", "kind": "view", "id": event}, headers=visitor)

    assert guest.delete(f"{URL}me/interactions/first/", headers=visitor).status_code == 204
    assert guest.delete(f"{URL}me/interactions/first/", headers=visitor).status_code == 404

    assert Interaction.objects.get().event_id == "second"


@pytest.mark.parametrize("path", ["me/recommendations/", "me/interactions/"])
@pytest.mark.parametrize("headers", [{}, {"X-Visitor": ""}, {"X-Visitor": "visitor-1:x:y"}])
def test_without_a_token_nobody_is_read(guest, path, headers):
    response = guest.get(URL + path, headers=headers)

    assert (response.status_code, "X-Visitor" in response.json()["detail"]) == (401, True)


@pytest.mark.parametrize("session", ["basket-7", "a/b", ".", "..", "%2F", "?"])
def test_staff_read_and_delete_every_guest(staff, shopper, guest, session):
    InteractionFactory(shopper=None, session=session)
    url = URL + quote(session, safe="")

    for caller, status in ((guest, 401), (shopper, 403)):
        assert caller.get(f"{url}/recommendations/").status_code == status
        assert caller.get(f"{url}/interactions/").status_code == status
        assert caller.delete(f"{url}/interactions/").status_code == status
    assert staff.get(f"{url}/recommendations/").status_code == 200
    assert staff.get(f"{url}/interactions/").json()["count"] == 1
    assert staff.delete(f"{url}/interactions/").status_code == 204
    assert staff.delete(f"{url}/interactions/").status_code == 404


def test_new_guests_are_counted_by_address(guest, monkeypatch):
    monkeypatch.setattr(VisitorThrottle, "rate", "2/min", raising=False)

    assert [guest.post(URL).status_code for _ in range(3)] == [201, 201, 429]
