import pytest

from catalog.visitors import HEADER
from recommender.access import keys
from recommender.access.models import KeyKind
from recommender.models import ShopperVector
from tests.factories import AccountFactory, InteractionFactory, ProductFactory, ShopperFactory, embed, turned
from tests.recommender.api.conftest import signed_in

URL = "/api/v1/recommendations/batch/"


def placed(*versions, **degrees) -> None:
    for name, angle in degrees.items():
        product = ProductFactory(sku=name)
        for version in versions:
            embed(product, version, turned(angle))


def ask(client, *requests, **fields):
    response = client.post(URL, {"requests": list(requests), **fields}, **fields.pop("headers", {}))
    assert response.status_code == 200, response.content
    return response.json()["results"]


def skus(answer) -> list[str]:
    return [result["product"]["sku"] for result in answer["results"]]


def test_each_request_gets_what_it_would_get_by_itself(guest, active, active_personal):
    placed(active, active_personal, a=0, b=10, c=20, d=30)
    like = {"like": ["a"], "limit": 2, "placement": "cart", "explain": True}
    events = {"events": [{"sku": "d", "kind": "view"}], "exclude": ["c"]}

    answers = ask(
        guest,
        {"kind": "similar", "sku": "a", "limit": 2},
        {"kind": "by-example", **like},
        {"kind": "session", **events},
        {"kind": "popular", "limit": 1},
        {"kind": "personal"},
    )

    alone = [
        guest.get("/api/v1/products/a/similar/?limit=2"),
        guest.post("/api/v1/recommendations/by-example/", like),
        guest.post("/api/v1/recommendations/session/", events),
        None,
        guest.get("/api/v1/me/recommendations/"),
    ]
    for answer, other in zip(answers, alone, strict=True):
        if other is not None:
            for each in (answer, expected := other.json()):
                each.pop("recommendation_id"), each.pop("next")
            assert answer == expected
    assert skus(answers[0]) == ["b", "c"]
    assert (answers[3]["strategy"], skus(answers[3])) == ("popular", ["d"])


def test_distinct_lists_share_no_product_and_stay_full(guest, active):
    placed(active, a=0, b=10, c=20, d=30, e=40)
    same = [{"kind": "similar", "sku": "a", "limit": 2}] * 2

    assert [skus(answer) for answer in ask(guest, *same)] == [["b", "c"], ["b", "c"]]
    answers = ask(guest, *same, distinct=True)
    assert [skus(answer) for answer in answers] == [["b", "c"], ["d", "e"]]
    assert [result["rank"] for result in answers[1]["results"]] == [1, 2]


def test_a_page_after_the_first_of_a_distinct_list_repeats_no_other_list(guest, active):
    placed(active, a=0, b=10, c=20, d=30, e=40)
    requests = [{"kind": "similar", "sku": "a", "limit": 2}, {"kind": "similar", "sku": "e", "limit": 1}]

    answers = ask(guest, *requests, distinct=True)
    following = guest.get(answers[1]["next"]).json()

    assert [skus(answer) for answer in answers] == [["b", "c"], ["d"]]
    assert skus(following) == ["a"]


def test_each_answer_is_saved_under_its_own_id(guest, active):
    placed(active, a=0, b=10)
    first, second = ask(guest, *[{"kind": "similar", "sku": "a"}] * 2)

    assert first["recommendation_id"] != second["recommendation_id"]
    assert skus(guest.get(f"/api/v1/recommendations/{second['recommendation_id']}/").json()) == ["b"]


def test_what_is_wrong_is_told_in_its_place(guest, active):
    placed(active, a=0, b=10)

    answers = ask(
        guest,
        {"kind": "similar", "sku": "gone"},
        {"kind": "similar"},
        {"kind": "similar", "sku": "a", "limit": 1000},
        {"kind": "by-example", "like": ["gone"]},
        {"kind": "nonsense"},
        {"kind": ["similar"]},
        {"kind": "similar", "sku": "a"},
    )

    assert [answer.get("status") for answer in answers] == [404, 400, 400, 400, 400, 400, None]
    assert answers[0]["detail"] == "There is no product 'gone'."
    assert [list(answer["errors"]) for answer in answers[1:6]] == [["sku"], ["limit"], ["like"], ["kind"], ["kind"]]
    assert skus(answers[-1]) == ["b"]


def test_without_a_model_of_its_role_a_strip_is_unavailable_and_the_others_are_not(guest, db):
    ProductFactory(sku="a")

    similar, popular = ask(guest, {"kind": "similar", "sku": "a"}, {"kind": "popular"})

    assert (similar["status"], skus(popular)) == (503, ["a"])


def test_each_request_is_for_whom_it_may_be(guest, staff, shopper, active_personal):
    placed(active_personal, near=10, far=120)
    ann = ShopperFactory(key="ann")
    ShopperVector.objects.create(version=active_personal, shopper=ann, vector=turned(0))
    InteractionFactory(shopper=None, session="basket-1", product__sku="liked")
    requests = [{"kind": "personal", "user": "ann"}, {"kind": "personal", "session": "basket-1"}, {"kind": "personal"}]

    def statuses(client) -> list[int | None]:
        return [answer.get("status") for answer in ask(client, *requests)]

    assert statuses(guest) == [403, 403, None]
    assert statuses(shopper) == [403, 403, None]
    assert statuses(staff) == [None, None, None]
    assert skus(ask(staff, requests[0])[0])[:2] == ["near", "far"]
    assert ask(staff, {"kind": "personal", "user": "nobody"})[0]["status"] == 404
    own = signed_in(ShopperFactory(key="bob", account=AccountFactory(username="bob")).account)
    assert ask(own, {"kind": "personal", "user": "bob"})[0]["strategy"] == "popular"


@pytest.mark.parametrize(
    ("scopes", "expected"),
    [(["catalogue:read"], [None, 403]), (["recommendations:read"], [None, None])],
)
def test_a_secret_key_gets_what_its_scopes_say(guest, active, scopes, expected):
    placed(active, a=0, b=10)
    ShopperFactory(key="ann")
    _, secret = keys.create("ERP", KeyKind.SECRET, scopes=scopes)
    guest.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")

    answers = ask(guest, {"kind": "similar", "sku": "a"}, {"kind": "personal", "user": "ann"})

    assert [answer.get("status") for answer in answers] == expected


def test_a_guest_s_token_names_whom_personal_is_for(guest, active_personal):
    placed(active_personal, near=10, far=120)
    token = guest.post("/api/v1/visitors/").json()["visitor"]
    guest.credentials(**{f"HTTP_{HEADER.upper().replace('-', '_')}": token})
    placed(active_personal, liked=0)
    guest.post("/api/v1/interactions/", {"sku": "liked", "kind": "like"})

    [answer] = ask(guest, {"kind": "personal"})

    assert (answer["strategy"], skus(answer)) == ("session", ["near", "far"])


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"requests": []},
        {"requests": [{"kind": "popular"}] * 11},
        {"requests": ["popular"]},
        {"requests": {"kind": "popular"}},
        {"requests": [{"kind": "popular"}], "distinkt": True},
        [],
    ],
)
def test_a_batch_of_another_form_is_refused_as_a_whole(guest, db, body):
    response = guest.post(URL, body)

    assert response.status_code == 400
    assert response["Content-Type"] == "application/problem+json"


def test_each_request_counts_against_the_limit(guest, db, settings, monkeypatch):
    from recommender.throttling import AnonymousThrottle

    monkeypatch.setattr(AnonymousThrottle, "rate", "10/min", raising=False)
    left = [int(guest.post(URL, {"requests": [{"kind": "popular"}] * 4})["RateLimit-Remaining"]) for _ in range(2)]
    refused = guest.post(URL, {"requests": [{"kind": "popular"}] * 4})

    assert left == [6, 2]
    assert refused.status_code == 429 and int(refused["Retry-After"]) > 0
