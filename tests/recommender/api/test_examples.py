from datetime import timedelta

import pytest
from django.utils import timezone

from catalog.models import Interaction, Product, Shopper
from recommender import popularity
from recommender.serving.history import prior_of
from tests.factories import CategoryFactory, InteractionFactory, ProductFactory, embed, turned

BY_EXAMPLE = "/api/v1/recommendations/by-example/"
SESSION = "/api/v1/recommendations/session/"


def placed(version, *degrees) -> None:
    for angle in degrees:
        embed(ProductFactory(sku=f"p-{angle}"), version, turned(angle))


def skus(response) -> list[str]:
    return [result["product"]["sku"] for result in response.json()["results"]]


def test_likes_and_dislikes_make_a_taste_at_once(guest, active_personal):
    placed(active_personal, 0, 20, 160, 180)

    liked = guest.post(BY_EXAMPLE, {"like": ["p-0"]})
    disliked = guest.post(BY_EXAMPLE, {"dislike": ["p-0"]})
    both = guest.post(BY_EXAMPLE, {"like": ["p-160"], "dislike": ["p-0"]})

    assert liked.json()["strategy"] == disliked.json()["strategy"] == "session"
    assert liked.json()["model"]["method"] == "dvbpr"
    assert skus(liked) == ["p-20", "p-160", "p-180"]
    assert skus(disliked) == ["p-180", "p-160", "p-20"]
    assert skus(both) == ["p-180", "p-20"]


def test_events_make_a_taste_by_their_kind_and_time(guest, active_personal):
    placed(active_personal, 0, 10, 80, 90)
    now = timezone.now()

    def events(first: dict, second: dict):
        return guest.post(SESSION, {"events": [{"sku": "p-0"} | first, {"sku": "p-90"} | second]})

    ago = (now - timedelta(days=2000)).isoformat()
    assert skus(events({"kind": "purchase"}, {"kind": "view"})) == ["p-10", "p-80"]
    assert skus(events({"kind": "view"}, {"kind": "purchase"})) == ["p-80", "p-10"]
    assert skus(events({"kind": "like", "timestamp": ago}, {"kind": "view"})) == ["p-80", "p-10"]
    assert events({"kind": "like"}, {"kind": "view"}).json()["strategy"] == "session"


def test_a_told_session_is_answered_like_the_same_one_recorded(guest, active_personal):
    placed(active_personal, *range(0, 200, 20))
    events = [{"sku": "p-0", "kind": "view"}, {"sku": "p-100", "kind": "like"}, {"sku": "p-160", "kind": "dislike"}]

    in_words = guest.post(SESSION, {"events": events})
    guest.post("/api/v1/interactions/", events)
    recorded = guest.get("/api/v1/me/recommendations/")

    assert skus(in_words) == skus(recorded)
    assert in_words.json()["results"][0]["score"] == pytest.approx(recorded.json()["results"][0]["score"])


@pytest.mark.parametrize("body", [{"like": ["p-0"]}, {"events": [{"sku": "p-0", "kind": "purchase"}]}])
def test_nothing_is_stored(guest, active_personal, body):
    placed(active_personal, 0, 20)

    assert skus(guest.post(SESSION if "events" in body else BY_EXAMPLE, body)) == ["p-20"]

    assert not Interaction.objects.exists()
    assert not Shopper.objects.exists()


def test_without_a_personal_model_it_goes_by_the_looks(guest, active):
    placed(active, 0, 90, 60, 30, 330)

    answer = guest.post(BY_EXAMPLE, {"like": ["p-0", "p-90"], "dislike": ["p-330"], "explain": True}).json()

    assert (answer["strategy"], answer["model"]["method"]) == ("session", "pixels")
    assert [result["product"]["sku"] for result in answer["results"]] == ["p-60", "p-30"]
    because = answer["results"][0]["because"]
    assert [reason["product"]["sku"] for reason in because] == ["p-90", "p-0"]
    assert sum(reason["weight"] for reason in because) == pytest.approx(1)


def test_a_personal_model_that_has_seen_none_of_the_products_is_of_no_use(guest, active, active_personal):
    placed(active, 0, 20)

    assert guest.post(BY_EXAMPLE, {"like": ["p-0"]}).json()["model"]["id"] == active.pk


@pytest.mark.parametrize(("url", "body"), [(BY_EXAMPLE, {}), (BY_EXAMPLE, {"like": []}), (SESSION, {"events": []})])
def test_where_nothing_is_known_it_is_what_is_popular(guest, active_personal, url, body):
    placed(active_personal, 0, 20)
    InteractionFactory(product=Product.objects.get(sku="p-0"))
    popularity.count()

    answer = guest.post(url, body)

    assert answer.status_code == 200
    assert (answer.json()["strategy"], answer.json()["model"]) == ("popular", None)
    assert skus(answer) == ["p-0", "p-20"]


def test_products_nobody_looked_at_yet_leave_what_is_popular_without_themselves(guest):
    for sku in ("new", "other"):
        ProductFactory(sku=sku)

    answer = guest.post(BY_EXAMPLE, {"like": ["new"]})

    assert (answer.json()["strategy"], skus(answer)) == ("popular", ["other"])


def test_parameters_come_in_the_query_or_in_the_body(guest, active_personal):
    placed(active_personal, *range(0, 120, 20))
    Product.objects.filter(sku="p-100").update(category=CategoryFactory(name="Bags"))
    liked = {"like": ["p-0"]}

    assert skus(guest.post(f"{BY_EXAMPLE}?limit=2&exclude=p-20,p-40", liked)) == ["p-60", "p-80"]
    assert skus(guest.post(BY_EXAMPLE, liked | {"limit": 2, "exclude": ["p-20", "p-40"]})) == ["p-60", "p-80"]
    assert skus(guest.post(f"{BY_EXAMPLE}?limit=5", liked | {"limit": 1})) == ["p-20"]
    assert skus(guest.post(BY_EXAMPLE, liked | {"category": "bags"})) == ["p-100"]
    assert skus(guest.post(BY_EXAMPLE, {"like": "p-0", "limit": 1}, format="multipart")) == ["p-20"]


def test_the_pages_of_an_example_show_none_of_what_was_given(guest, active_personal):
    placed(active_personal, *range(0, 120, 20))

    first = guest.post(BY_EXAMPLE, {"like": ["p-0", "p-60"], "limit": 2})
    second = guest.get(first.json()["next"])

    assert sorted(skus(first) + skus(second)) == ["p-100", "p-20", "p-40", "p-80"]
    assert second.json()["next"] is None


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        (
            {"like": ["nope", "p-0", "neither"]},
            {"like": ["There is no product 'nope'.", "There is no product 'neither'."]},
        ),
        ({"like": ["p-0"], "dislike": ["p-0"]}, {"dislike": ["'p-0' is liked as well."]}),
        ({"like": "p-0"}, {"like": ['Expected a list of items but got type "str".']}),
        ({"like": [{"sku": "p-0"}]}, {"like.0": ["Not a valid string."]}),
        ({"like": ["p-0"] * 201}, {"like": ["Ensure this field has no more than 200 elements."]}),
        ({"like": None}, {"like": ["This field may not be null."]}),
        ({"like": ["p-0"], "limit": 0}, {"limit": ["Ensure this value is greater than or equal to 1."]}),
        ({"like": ["p-0"], "limit": [2]}, {"limit": ["A valid integer is required."]}),
        ({"like": ["p-0"], "exclude": [["p-20"]]}, {"exclude.0": ["Not a valid string."]}),
    ],
)
def test_an_example_that_makes_no_sense_is_told_why(guest, active_personal, body, errors):
    placed(active_personal, 0)

    answer = guest.post(BY_EXAMPLE, body)

    assert answer.status_code == 400
    assert answer.json()["errors"] == errors


FAR = "2999-01-01T00:00:00Z"


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        ({}, {"events": ["This field is required."]}),
        (
            {"events": [{"sku": "p-0", "kind": "view"}, {"sku": "x", "kind": "view"}]},
            {"events.1.sku": ["There is no product 'x'."]},
        ),
        ({"events": [{"sku": "p-0", "kind": "stare"}]}, {"events.0.kind": ['"stare" is not a valid choice.']}),
        ({"events": [{"kind": "view"}]}, {"events.0.sku": ["This field is required."]}),
        (
            {"events": [{"sku": "p-0", "kind": "view", "timestamp": FAR}]},
            {"events.0.timestamp": ["2999-01-01T00:00:00+00:00 is in the future."]},
        ),
        ({"events": [3]}, {"events.0.non_field_errors": ["Invalid data. Expected a dictionary, but got int."]}),
    ],
)
def test_events_that_make_no_sense_are_told_one_by_one(guest, active_personal, body, errors):
    placed(active_personal, 0)

    answer = guest.post(SESSION, body)

    assert answer.status_code == 400
    assert answer.json()["errors"] == errors


@pytest.mark.parametrize("url", [BY_EXAMPLE, SESSION])
def test_a_body_that_is_no_object_is_refused(guest, url):
    answer = guest.post(url, [1])

    assert answer.status_code == 400
    assert answer.json()["detail"] == "The body must be an object with names and values."


def test_as_many_queries_for_ten_examples_as_for_two(guest, active, active_personal, django_assert_num_queries):
    placed(active_personal, *range(0, 360, 10))
    prior_of(active_personal)  # which a process reads once

    for number in (2, 10):
        liked = [f"p-{20 * place}" for place in range(number)]
        # products; version, their vectors; version that compares pictures, neighbours; own products, vectors to
        # explain; what of these is findable
        with django_assert_num_queries(8):
            assert len(skus(guest.post(BY_EXAMPLE, {"like": liked, "limit": 5, "explain": True}))) == 5


def test_the_length_of_a_list_is_checked_before_its_items(guest):
    response = guest.post(BY_EXAMPLE, {"like": [""] * 201}, format="json")

    assert response.status_code == 400
    assert response.json()["errors"] == {"like": ["Ensure this field has no more than 200 elements."]}


def test_twenty_errors_are_named_at_most(guest):
    response = guest.post("/api/v1/recommendations/session/", {"events": [{}] * 1000}, format="json")

    assert response.status_code == 400
    assert sum(map(len, response.json()["errors"].values())) == 20


def test_a_session_names_kinds_and_variants_as_other_programs_do(guest, active_personal):
    placed(active_personal, 10, 90)
    embed(ProductFactory(sku="p-0", attributes={"Variant SKU": "p-0-S, p-0-M"}), active_personal, turned(0))

    response = guest.post(SESSION, {"events": [{"sku": "p-0-M", "kind": "AddToCart"}]})

    assert response.status_code == 200
    assert skus(response) == ["p-10", "p-90"]
