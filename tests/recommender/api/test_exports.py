import json

from django.db import connection
from django.test.utils import CaptureQueriesContext

from catalog.models import MergedSession, Shopper
from recommender.models import Design, ShopperVector
from tests.factories import CategoryFactory, InteractionFactory, ProductFactory, ShopperFactory, clerk, turned
from tests.recommender.api.conftest import signed_in


def read(response) -> dict:
    assert (response.status_code, response["Content-Type"]) == (200, "application/json")
    return json.loads(b"".join(response.streaming_content))


def test_an_account_exports_all_that_is_stored_of_it(shopper, active_personal):
    sam = ShopperFactory(key="sam", account=shopper.handler._force_user)
    MergedSession.objects.create(session="guest", shopper=sam)
    ShopperVector.objects.create(version=active_personal, shopper=sam, vector=turned(0))
    design = Design.objects.create(shopper=sam, category=CategoryFactory())
    Design.objects.create(shopper=ShopperFactory(), category=CategoryFactory())
    for event in ("first", "second"):
        InteractionFactory(shopper=sam, product__sku=f"{event}-shoe", event_id=event)
    InteractionFactory(event_id="another's")

    response = shopper.get("/api/v1/me/export/")
    found = read(response)

    assert response["Content-Disposition"] == 'attachment; filename="export.json"'
    assert found["account"]["username"] == found["user"] == "sam"
    assert found["sessions"] == ["guest"]
    assert found["taste"] == [{"model": active_personal.pk, "vector": [1.0, 0.0]}]
    assert [row["id"] for row in found["designs"]] == [str(design.pk)]
    assert [row["id"] for row in found["interactions"]] == ["second", "first"]
    assert read(shopper.get("/api/v1/users/sam/export/")) == found


def test_an_account_that_has_done_nothing_has_an_export(shopper):
    found = read(shopper.get("/api/v1/me/export/"))

    assert found["account"]["username"] == "sam"
    assert (found["user"], found["interactions"], found["designs"]) == (None, [], [])
    assert not Shopper.objects.exists()


def test_whoever_reads_interactions_of_others_exports_no_account_and_no_designs(db):
    ann = ShopperFactory(key="ann")
    Design.objects.create(shopper=ann, category=CategoryFactory())
    caller = signed_in(clerk("view_interaction"))
    both = signed_in(clerk("view_interaction", "view_design"))

    assert [read(caller.get("/api/v1/users/ann/export/"))[name] for name in ("user", "account", "designs")] == [
        "ann",
        None,
        [],
    ]
    assert len(read(both.get("/api/v1/users/ann/export/"))["designs"]) == 1


def test_a_guest_exports_what_is_stored_of_them(guest, staff):
    ProductFactory(sku="one", image=False)
    header = {"X-Visitor": guest.post("/api/v1/visitors/").json()["visitor"]}
    guest.post("/api/v1/interactions/", {"sku": "one", "kind": "like", "id": "e-1"}, headers=header)

    found = read(guest.get("/api/v1/visitors/me/export/", headers=header))

    assert [row["id"] for row in found["interactions"]] == ["e-1"]
    (session,) = found["sessions"]
    assert read(staff.get(f"/api/v1/visitors/{session}/export/")) == found


def test_an_export_takes_the_same_number_of_queries_however_long_it_is(staff):
    ann = ShopperFactory(key="ann")
    counts = []
    for _ in range(2):
        for _ in range(3):
            InteractionFactory(shopper=ann)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            read(staff.get("/api/v1/users/ann/export/"))
        counts.append(len(queries))

    assert counts[0] == counts[1]
