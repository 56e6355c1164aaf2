import uuid

from recommender.models import Impression
from tests.factories import ProductFactory

URL = "/api/v1/impressions/"


def visible(client, **headers) -> str:
    return client.get("/api/v1/me/recommendations/?placement=home", **headers).json()["recommendation_id"]


def test_seen_results_are_stored(guest, active):
    ProductFactory(image=0)
    shown, unknown = visible(guest), str(uuid.uuid4())

    seen = [{"recommendation_id": shown, "positions": [1]}, {"recommendation_id": unknown, "positions": [2]}]
    response = guest.post(URL, {"impressions": seen})

    assert (response.status_code, response.json()) == (202, {"accepted": 1, "unknown": [unknown]})
    assert list(Impression.objects.values_list("placement", "positions")) == [("home", [1])]


def test_what_is_no_list_of_positions_is_refused_with_its_place(guest):
    for wrong in ([], [0], [1001], ["x"], "1", [1] * 101):
        response = guest.post(URL, {"impressions": [{"recommendation_id": str(uuid.uuid4()), "positions": wrong}]})
        assert response.status_code == 400
        assert next(iter(response.json()["errors"])).startswith("impressions.0.positions")
    assert guest.post(URL, {"impressions": []}).status_code == 400
    assert guest.post(URL, []).status_code == 400
