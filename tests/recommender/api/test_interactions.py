import time
import uuid
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.utils import timezone

from catalog.models import Interaction, Shopper
from catalog.visitors import read_token
from tests.factories import AccountFactory, ProductFactory, ShopperFactory
from tests.recommender.api.conftest import signed_in

URL = "/api/v1/interactions/"
ME = "/api/v1/me/recommendations/"


@pytest.fixture(autouse=True)
def product(db):
    return ProductFactory(sku="A-1", image=False)


def event(**fields) -> dict:
    return {"sku": "A-1", "kind": "like"} | fields


def counts(response) -> tuple[int, int, int]:
    told = response.json()
    return told["accepted"], told["duplicates"], len(told["rejected"])


def test_an_interaction_is_kept_as_it_was_told(staff, product):
    shown = uuid.uuid4()
    told = event(user="ann", id="e-1", timestamp="2026-01-02T03:04:05+01:00", recommendation_id=str(shown), position=3)

    response = staff.post(URL, told)

    assert (response.status_code, response.json()) == (202, {"accepted": 1, "duplicates": 0, "rejected": []})
    kept = Interaction.objects.get()
    assert (kept.shopper.key, kept.session, kept.product, kept.kind) == ("ann", "", product, "like")
    assert kept.occurred_at == datetime(2026, 1, 2, 2, 4, 5, tzinfo=UTC)
    assert (kept.event_id, kept.recommendation_id, kept.position) == ("e-1", shown, 3)


def test_a_list_is_kept_but_for_what_is_wrong_in_it(staff):
    good, bad = event(user="ann"), event(user="ann", kind="stare")

    response = staff.post(URL, [good, bad, event(user="ann", sku="nope"), "text", good])

    assert response.status_code == 202
    assert response.json() == {
        "accepted": 2,
        "duplicates": 0,
        "rejected": [
            {"index": 1, "errors": {"kind": ['"stare" is not a valid choice.']}},
            {"index": 2, "errors": {"sku": ["There is no product 'nope'."]}},
            {
                "index": 3,
                "errors": {"non_field_errors": ["Invalid data. Expected a dictionary, but got str."]},
            },
        ],
    }


def test_all_that_is_wrong_with_an_item_is_named(staff):
    response = staff.post(URL, [{"sku": None, "position": "first", "unknown": 1}, None, {}])

    assert [rejected["errors"] for rejected in response.json()["rejected"]] == [
        {
            "sku": ["This field may not be null."],
            "kind": ["This field is required."],
            "position": ["A valid integer is required."],
        },
        {"non_field_errors": ["Invalid data. Expected a dictionary, but got NoneType."]},
        {"sku": ["This field is required."], "kind": ["This field is required."]},
    ]


def test_a_single_bad_one_is_told_the_same_way(guest):
    response = guest.post(URL, {"kind": "like"})

    assert response.status_code == 202
    assert response.json()["rejected"] == [{"index": 0, "errors": {"sku": ["This field is required."]}}]


def test_the_same_id_twice_counts_once(staff):
    first = staff.post(URL, [event(user="ann", id="e-1"), event(user="ann", id="e-1")])
    second = staff.post(URL, event(user="ann", id="e-1"))
    others = staff.post(URL, event(user="bob", id="e-1"))

    assert [counts(response) for response in (first, second, others)] == [(1, 1, 0), (0, 1, 0), (1, 0, 0)]
    assert Interaction.objects.count() == 2


@pytest.mark.parametrize("number", [0, 1001])
def test_a_list_has_one_to_a_thousand(staff, number):
    response = staff.post(URL, [event(user="ann")] * number)

    assert response.status_code == 400
    assert response.json()["detail"] == f"{number:,} interactions; a request has 1 to 1,000 of them."
    assert not Interaction.objects.exists()


def test_a_thousand_take_as_many_queries_as_ten(staff, django_assert_max_num_queries):
    with django_assert_max_num_queries(12):
        response = staff.post(URL, [event(user=f"user-{n % 50}") for n in range(1000)])

    assert counts(response) == (1000, 0, 0)
    assert Shopper.objects.count() == 50


@pytest.mark.parametrize("body", ['"like"', "7", "null", "true"])
def test_a_body_that_is_no_interaction_is_refused(guest, body):
    response = guest.post(URL, body, content_type="application/json")

    assert response.status_code == 400
    assert response.json()["detail"] == "An interaction is an object; send one, or a list of them."


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"user": "x" * 151}, "user"),
        ({"user": "a\0b"}, "user"),
        ({"user": {}}, "user"),
        ({"user": "ann", "session": "s"}, "session"),
        ({"timestamp": "yesterday"}, "timestamp"),
        ({"timestamp": "0001-01-01T00:00:00+14:00"}, "timestamp"),
        ({"timestamp": "1969-12-31T23:59:59Z"}, "timestamp"),
        ({"timestamp": (timezone.now() + timedelta(hours=1)).isoformat()}, "timestamp"),
        ({"timestamp": []}, "timestamp"),
        ({"recommendation_id": "1"}, "recommendation_id"),
        ({"recommendation_id": 1}, "recommendation_id"),
        ({"recommendation_id": ""}, "recommendation_id"),
        ({"position": 0}, "position"),
        ({"position": 2**31}, "position"),
        ({"id": "x" * 151}, "id"),
        ({"sku": "a\0b"}, "sku"),
        ({"kind": []}, "kind"),
    ],
)
def test_what_makes_no_sense_is_named(staff, fields, field):
    response = staff.post(URL, event(**fields))

    assert [list(rejected["errors"]) for rejected in response.json()["rejected"]] == [[field]]
    assert not Interaction.objects.exists()


def test_an_interaction_keeps_the_placement_of_the_answer_that_led_to_it(guest):
    cart, home = (guest.get(ME, {"placement": placement}).json() for placement in ("cart", "home"))
    nowhere = guest.get(ME).json()
    led_by = [cart["recommendation_id"], home["recommendation_id"], nowhere["recommendation_id"], str(uuid.uuid4())]

    response = guest.post(URL, [event(recommendation_id=answer) for answer in led_by] + [event()])

    assert counts(response) == (5, 0, 0)
    rows = Interaction.objects.order_by("pk")
    assert [row.placement for row in rows] == ["cart", "home", "", "", ""]
    assert [str(row.recommendation_id) for row in rows[:4]] == led_by


def test_a_malformed_answer_is_told_so_and_the_rest_is_kept(guest):
    response = guest.post(URL, [event(recommendation_id="cart"), event()])

    assert counts(response) == (1, 0, 1)
    assert response.json()["rejected"] == [
        {"index": 0, "errors": {"recommendation_id": ["Must be a UUID: the recommendation_id of a response."]}}
    ]


def test_half_a_character_is_refused(guest):
    response = guest.post(URL, '{"sku": "A-1", "kind": "like", "session": "\\ud800"}', content_type="application/json")

    assert list(response.json()["rejected"][0]["errors"]) == ["session"]


def test_a_time_without_an_offset_is_utc(guest):
    guest.post(URL, event(timestamp="2026-01-02T03:04:05"))

    assert Interaction.objects.get().occurred_at == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def test_numbers_are_ids_too(staff):
    staff.post(URL, event(user=42, id=7))

    kept = Interaction.objects.get()
    assert (kept.shopper.key, kept.event_id) == ("42", "7")


def test_a_guest_is_known_by_the_session_of_the_caller(guest):
    guest.post(URL, event())
    guest.post(URL, event(kind="view"))

    assert {row.session for row in Interaction.objects.all()} == {guest.session.session_key}


def test_a_guest_may_be_named_by_the_caller(guest):
    guest.post(URL, event(session="basket-7"))

    assert Interaction.objects.get().session == "basket-7"
    assert "sessionid" not in guest.cookies


def test_the_session_of_a_guest_of_the_pages_is_theirs_alone(guest, staff):
    browser = Client()
    browser.get("/products/A-1/")
    named = event(session=browser.session.session_key)

    refused = guest.post(URL, [named, event(session="visitor-1"), event(session="basket-7")])

    assert counts(refused) == (1, 0, 2)
    assert list(refused.json()["rejected"][0]["errors"]) == ["session"]
    assert counts(browser.post(URL, named, content_type="application/json")) == (1, 0, 0)
    assert counts(staff.post(URL, named)) == (1, 0, 0)


def test_a_guest_writes_by_a_token(guest, shopper, staff):
    token = guest.post("/api/v1/visitors/").json()["visitor"]

    for caller in (guest, shopper, staff):
        assert counts(caller.post(URL, event(), headers={"X-Visitor": token})) == (1, 0, 0)
    assert guest.post(URL, event(), headers={"X-Visitor": f"{token}x"}).status_code == 401

    assert {row.session for row in Interaction.objects.all()} == {read_token(token).session}
    assert "sessionid" not in guest.cookies


def test_what_a_known_guest_or_staff_send_is_verified(guest, shopper, staff, monkeypatch):
    token = guest.post("/api/v1/visitors/").json()["visitor"]
    guest.post(URL, event(id="hasty"), headers={"X-Visitor": token})
    later = time.time() + 11
    monkeypatch.setattr(time, "time", lambda: later)

    guest.post(URL, event(id="known"), headers={"X-Visitor": token})
    guest.post(URL, event(id="invented", session="s"))
    shopper.post(URL, event(id="own"))
    staff.post(URL, [event(id="of a guest", session="s"), event(id="of a shopper", user="ann")])

    verified = Interaction.objects.filter(is_verified=True).values_list("event_id", flat=True)
    assert set(verified) == {"known", "own", "of a guest", "of a shopper"}


def test_a_guest_speaks_for_no_user(guest):
    response = guest.post(URL, [event(user="ann"), event()])

    assert counts(response) == (1, 0, 1)
    assert list(response.json()["rejected"][0]["errors"]) == ["user"]
    assert not Shopper.objects.exists()


def test_an_account_speaks_for_itself_alone(shopper):
    response = shopper.post(URL, [event(), event(user="sam"), event(user="ann")])

    assert counts(response) == (2, 0, 1)
    assert response.json()["rejected"][0] == {
        "index": 2,
        "errors": {"user": ["This account may not record interactions of 'ann'."]},
    }
    assert [row.key for row in Shopper.objects.all()] == ["sam"]


def test_an_account_is_its_shopper_under_either_name():
    account = AccountFactory(username="sam")
    ShopperFactory(key="4711", account=account)

    response = signed_in(account).post(URL, [event(), event(user="sam"), event(user="4711")])

    assert counts(response) == (3, 0, 0)
    assert {row.shopper.key for row in Interaction.objects.all()} == {"4711"}
    assert Shopper.objects.count() == 1


def test_a_form_will_do(guest):
    response = guest.post(URL, event(position=""), format="multipart")

    assert counts(response) == (1, 0, 0)


@pytest.mark.parametrize(
    ("kind", "kept"), [("Purchase", "purchase"), ("AddToCart", "cart"), ("page_view", "view"), ("LIKE", "like")]
)
def test_a_kind_is_taken_in_any_capitals_and_by_words_of_other_programs(staff, kind, kept):
    response = staff.post(URL, event(user="ann", kind=kind))

    assert counts(response) == (1, 0, 0)
    assert Interaction.objects.get().kind == kept


def test_an_event_of_a_variant_counts_for_its_product(staff):
    boot = ProductFactory(sku="boot", attributes={"Variant SKU": "boot-40, boot-41"}, image=False)

    response = staff.post(URL, [event(user="ann", sku="boot-41"), event(user="ann", sku="boot-42")])

    assert counts(response) == (1, 0, 1)
    assert response.json()["rejected"] == [{"index": 1, "errors": {"sku": ["There is no product 'boot-42'."]}}]
    assert Interaction.objects.get().product == boot


def test_characters_that_nobody_sees_are_no_part_of_a_sku(staff, product):
    response = staff.post(URL, event(user="ann", sku="\u200bA-1\ufeff"))

    assert counts(response) == (1, 0, 0)
    assert Interaction.objects.get().product == product
