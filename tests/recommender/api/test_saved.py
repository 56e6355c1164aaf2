import uuid

import pytest

from catalog import visitors
from catalog.models import Interaction, Product
from recommender.access import keys
from recommender.access.models import KeyKind
from recommender.models import ModelVersion
from tests.factories import AccountFactory, ProductFactory, embed, turned
from tests.recommender.api.conftest import signed_in

ME = "/api/v1/me/recommendations/"
EVENTS = "/api/v1/interactions/"


def replay(answer: str, **params) -> str:
    query = "&".join(f"{name}={value}" for name, value in params.items())
    return f"/api/v1/recommendations/{answer}/" + (f"?{query}" if query else "")


def placed(version, *degrees) -> list[Product]:
    products = [ProductFactory(sku=f"p-{angle}") for angle in degrees]
    for product, angle in zip(products, degrees, strict=True):
        embed(product, version, turned(angle))
    return products


def told(response) -> list[tuple]:
    return [(result["rank"], result["score"], result["product"]["sku"]) for result in response.json()["results"]]


@pytest.fixture
def known(guest, active_personal):
    """A guest with a session, who liked the first of ten products."""
    placed(active_personal, *range(0, 200, 20))
    guest.post(EVENTS, {"sku": "p-0", "kind": "like"})
    return guest


def test_an_answer_comes_again_as_it_was_whatever_happened_meanwhile(known):
    asked = {"limit": 4, "explain": 1, "placement": "cart", "min_price": "1.50"}
    first = known.get(ME, asked).json()
    known.post(EVENTS, [{"sku": "p-180", "kind": "purchase"}, {"sku": "p-20", "kind": "dislike"}])

    again = known.get(replay(first["recommendation_id"]))

    assert again.status_code == 200
    assert again.json() == first
    assert first["placement"] == "cart"
    assert first["results"][0]["because"][0]["kind"] == "like"
    assert known.get(ME, asked).json()["results"] != first["results"]  # which is what a new question gives


def test_pages_go_on_without_repeats_until_all_was_shown(known):
    first = known.get(ME, {"limit": 4})
    known.post(EVENTS, [{"sku": "p-20", "kind": "view"}, {"sku": "p-180", "kind": "like"}])  # which turns the taste
    second = known.get(first.json()["next"])

    pages = [told(first), told(second)]
    assert [rank for page in pages for rank, _, _ in page] == list(range(1, 9))
    assert [sku for page in pages for _, _, sku in page] == [f"p-{angle}" for angle in range(20, 180, 20)]
    scores = [score for page in pages for _, score, _ in page]
    assert scores == sorted(scores, reverse=True)
    assert second.json()["next"] is None
    assert told(known.get(first.json()["next"])) == pages[1]  # a page once given stays as it is


def test_no_page_shows_a_copy_of_what_was_bought(known, active_personal):
    copy = ProductFactory(sku="copy", image=Product.objects.get(sku="p-40").pk)
    embed(copy, active_personal, turned(150))
    known.post(EVENTS, {"sku": "p-40", "kind": "purchase"})

    first = known.get(ME, {"limit": 4}).json()
    second = known.get(first["next"]).json()

    assert len(first["results"]) == len(second["results"]) == 4
    assert "copy" not in [result["product"]["sku"] for result in first["results"] + second["results"]]


def test_the_last_page_says_that_it_is(known):
    exact, short = (known.get(ME, {"limit": limit}).json() for limit in (9, 8))

    assert exact["next"] is None
    page = known.get(short["next"])
    assert (len(page.json()["results"]), page.json()["next"]) == (1, None)
    beyond = known.get(replay(short["recommendation_id"], page=3))
    assert beyond.status_code == 404
    assert beyond.json()["detail"] == f"Recommendation {short['recommendation_id']} ends with page 2."
    early = known.get(replay(short["recommendation_id"], page=7))
    assert early.status_code == 404
    assert "comes after page 6, which was not requested yet" in early.json()["detail"]


def test_what_was_hidden_or_sold_out_since_is_gone_and_the_others_keep_their_ranks(known):
    first = known.get(ME, {"limit": 4})
    Product.objects.filter(sku="p-20").update(is_hidden=True)
    Product.objects.filter(sku="p-60").update(in_stock=False)

    again = known.get(replay(first.json()["recommendation_id"]))

    assert told(again) == [told(first)[1], told(first)[3]]
    assert [sku for _, _, sku in told(known.get(first.json()["next"]))] == ["p-100", "p-120", "p-140", "p-160"]


def test_pages_of_similar_and_popular_products_go_on_too(guest, active):
    placed(active, *range(0, 200, 20))

    similar = guest.get("/api/v1/products/p-0/similar/", {"limit": 6})
    assert [sku for _, _, sku in told(guest.get(similar.json()["next"]))] == ["p-140", "p-160", "p-180"]
    popular = guest.get(ME, {"limit": 6})
    assert popular.json()["strategy"] == "popular"
    rest = guest.get(popular.json()["next"])
    assert not {sku for _, _, sku in told(popular)} & {sku for _, _, sku in told(rest)}
    assert len(told(rest)) == 4


def test_a_page_shows_no_picture_that_an_earlier_one_showed(guest, active):
    placed(active, 0, 20, 40, 60, 23, 43)  # the last two look like two before them

    first = guest.get("/api/v1/products/p-0/similar/", {"limit": 2})

    assert [sku for _, _, sku in told(first)] == ["p-20", "p-40"]
    assert [sku for _, _, sku in told(guest.get(first.json()["next"]))] == ["p-60"]


def test_explanations_go_on_with_the_pages(known):
    first = known.get(ME, {"limit": 4, "explain": 1})
    Interaction.objects.all().delete()

    (because,) = known.get(first.json()["next"]).json()["results"][0]["because"]

    assert (because["product"]["sku"], because["kind"], because["weight"]) == ("p-0", "like", 1.0)


def test_only_whoever_asked_and_staff_see_it_again(known, staff, shopper, client):
    of_guest = known.get(ME).json()["recommendation_id"]
    of_account = shopper.get(ME).json()["recommendation_id"]

    assert known.get(replay(of_guest)).status_code == staff.get(replay(of_guest)).status_code == 200
    assert shopper.get(replay(of_account)).status_code == staff.get(replay(of_account)).status_code == 200
    other = signed_in(AccountFactory())
    for caller, answer in ((other, of_guest), (other, of_account), (client, of_guest), (known, of_account)):
        refused = caller.get(replay(answer))
        assert refused.status_code == 404
        assert f"no recommendation {answer} for you" in refused.json()["detail"]


def test_without_a_session_the_id_is_enough(guest, client, active):
    placed(active, 0, 20)

    answer = guest.get("/api/v1/products/p-0/similar/").json()

    assert client.get(replay(answer["recommendation_id"])).json() == answer


def test_an_unknown_or_expired_answer_says_so(guest, settings, active):
    unknown = uuid.uuid4()
    assert guest.get(replay(unknown)).status_code == 404
    assert guest.get(replay(unknown)).json()["detail"] == (
        f"There is no recommendation {unknown} for you: it expired after 3600 seconds, belongs to another client, or "
        "never existed."
    )

    settings.ANSWER_SECONDS = 0  # to the cache: at once
    placed(active, 0, 20)
    answer = guest.get("/api/v1/products/p-0/similar/").json()["recommendation_id"]
    assert guest.get(replay(answer)).status_code == 404
    assert guest.post(EVENTS, {"sku": "p-0", "kind": "click", "recommendation_id": answer}).json()["accepted"] == 1


@pytest.mark.parametrize("page", ["0", "-1", "x", "1001"])
def test_a_page_that_makes_no_sense_is_refused(guest, page):
    answer = guest.get(replay(uuid.uuid4(), page=page))

    assert answer.status_code == 400
    assert list(answer.json()["errors"]) == ["page"]


def test_a_version_that_was_deleted_has_no_more_to_say(known):
    first = known.get(ME, {"limit": 2})
    ModelVersion.objects.all().delete()

    assert known.get(first.json()["next"]).json()["detail"] == (
        "The model version that gave this recommendation was deleted."
    )


def test_a_page_s_strips_are_kept_as_well(client, active):
    query, near = placed(active, 0, 20)

    page = client.get(query.get_absolute_url())

    rec = page.content.decode().split("?rec=")[1][:36]
    assert [sku for _, _, sku in told(client.get(replay(rec)))] == [near.sku]


def test_queries_do_not_grow_with_the_pages(known, active, django_assert_num_queries):
    first = known.get(ME, {"limit": 3}).json()

    for number in (2, 3):
        # session; version; version that compares pictures, what was shown; neighbours, comparison with all, as they
        # were few; version, products of the page; what of these is findable
        with django_assert_num_queries(9):
            assert len(told(known.get(replay(first["recommendation_id"], page=number)))) == 3
    with django_assert_num_queries(4):  # session; version, products; findable
        assert len(told(known.get(replay(first["recommendation_id"], page=3)))) == 3


def test_without_its_cache_the_shop_recommends_all_the_same(guest, active, no_cache):
    placed(active, 0, 20, 40)

    answer = guest.get("/api/v1/products/p-0/similar/", {"limit": 1})

    assert (len(told(answer)), answer.json()["next"]) == (1, None)
    again = guest.get(replay(answer.json()["recommendation_id"]))
    assert (again.status_code, again["Retry-After"]) == (503, "5")
    assert again.json()["detail"] == "Saved recommendations cannot be reached; try again in a moment."


def test_without_its_cache_the_shop_records_what_an_answer_led_to(guest, no_cache):
    ProductFactory(sku="p-0")
    answer = str(uuid.uuid4())

    recorded = guest.post(EVENTS, {"sku": "p-0", "kind": "click", "recommendation_id": answer})

    assert (recorded.status_code, recorded.json()["accepted"]) == (202, 1)
    assert str(Interaction.objects.get().recommendation_id) == answer


@pytest.mark.parametrize("has_key", [False, True])
def test_a_guest_s_recommendations_are_read_with_the_guest_s_token_alone(client, active_personal, has_key):
    placed(active_personal, 0)
    key = {"Authorization": f"Bearer {keys.create('page', KeyKind.PUBLISHABLE)[1]}"} if has_key else {}
    own, other = ({**key, "X-Visitor": visitors.issue_token()} for _ in range(2))
    first = client.get("/api/v1/visitors/me/recommendations/", headers=own).json()

    def status(headers: dict[str, str]) -> int:
        return client.get(replay(first["recommendation_id"]), headers=headers).status_code

    assert [status(headers) for headers in (own, other, key, {**key, "X-Visitor": "forged"})] == [200, 404, 404, 404]
