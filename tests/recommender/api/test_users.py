from urllib.parse import quote

import pytest

from catalog.models import Interaction, Product, Shopper
from catalog.visitors import signer
from recommender import popularity
from recommender.models import ShopperVector
from recommender.serving.history import prior_of
from tests.factories import AccountFactory, InteractionFactory, ProductFactory, ShopperFactory, embed, turned
from tests.recommender.api.conftest import signed_in

ME = "/api/v1/me/recommendations/"


def recommendations(key: str) -> str:
    return f"/api/v1/users/{key}/recommendations/"


def interactions(key: str) -> str:
    return f"/api/v1/users/{key}/interactions/"


def placed(version, **degrees) -> None:
    for name, angle in degrees.items():
        embed(ProductFactory(sku=name), version, turned(angle))


def like(shopper: Shopper, *skus: str) -> None:
    for sku in skus:
        InteractionFactory(shopper=shopper, product__sku=sku)


def skus(response) -> list[str]:
    return [result["product"]["sku"] for result in response.json()["results"]]


def test_a_shopper_with_a_trained_taste_is_answered_by_it(staff, active_personal):
    placed(active_personal, far=120, near=10)
    shopper = ShopperFactory(key="ann")
    ShopperVector.objects.create(version=active_personal, shopper=shopper, vector=turned(0))

    response = staff.get(recommendations("ann"))

    assert response.json()["strategy"] == "personal"
    assert response.json()["model"]["method"] == "dvbpr"
    assert skus(response) == ["near", "far"]


def test_an_explained_answer_names_the_shoppers_own_products(staff, active_personal, django_assert_num_queries):
    placed(active_personal, **{f"new-{angle}": angle for angle in range(20)})
    shopper = ShopperFactory(key="ann")
    for angle in (2, 4, 6):
        product = ProductFactory(sku=f"own-{angle}")
        embed(product, active_personal, turned(angle))
        InteractionFactory(shopper=shopper, product=product)

    prior_of(active_personal)  # which a process reads once
    for limit in (5, 10):
        # who asks, whose; version, history, its vectors, taste, version that compares pictures, neighbours; own
        # products, vectors to explain; what of these is findable
        with django_assert_num_queries(11):
            response = staff.get(recommendations("ann"), {"explain": 1, "limit": limit})

    assert response.json()["strategy"] == "fold-in"
    because = response.json()["results"][0]["because"]
    assert {reason["product"]["sku"] for reason in because} == {"own-2", "own-4", "own-6"}
    assert sum(reason["weight"] for reason in because) == pytest.approx(1)


def test_a_shopper_without_history_gets_what_is_popular(staff):
    ProductFactory(sku="other")
    like_of_somebody = InteractionFactory(product__sku="popular")
    popularity.count()
    ShopperFactory(key="ann")

    response = staff.get(recommendations("ann"), {"explain": 1})

    assert (response.json()["strategy"], response.json()["model"]) == ("popular", None)
    assert skus(response) == [like_of_somebody.product.sku, "other"]
    assert [result["because"] for result in response.json()["results"]] == [[], []]


def test_an_empty_shop_says_why_there_is_nothing(guest):
    told = guest.get(ME).json()

    assert (told["strategy"], told["results"], told["reason"]) == ("popular", [], "nothing_matches")


def test_shoppers_see_their_own_and_nobody_elses(shopper, guest):
    ShopperFactory(key="ann")

    assert shopper.get(recommendations("sam")).status_code == 200
    assert shopper.get(recommendations("ann")).status_code == 403
    assert shopper.get(recommendations("nope")).status_code == 403  # nor learns who there is
    assert guest.get(recommendations("ann")).status_code == 401


def test_an_unknown_shopper_is_named(staff):
    response = staff.get(recommendations("nope"))

    assert response.status_code == 404
    assert response.json()["detail"] == "There is no shopper 'nope'."


def test_my_recommendations_are_my_shoppers(active_personal):
    placed(active_personal, far=120, near=10)
    account = AccountFactory()
    shopper = ShopperFactory(key="4711", account=account)
    ShopperVector.objects.create(version=active_personal, shopper=shopper, vector=turned(0))

    mine, by_id = (signed_in(account).get(url) for url in (ME, recommendations("4711")))

    assert mine.json()["strategy"] == by_id.json()["strategy"] == "personal"
    assert skus(mine) == skus(by_id) == ["near", "far"]


def test_an_account_without_a_shopper_gets_what_is_popular(shopper):
    ProductFactory(sku="only")

    response = shopper.get(ME)

    assert response.json()["strategy"] == "popular"
    assert skus(response) == ["only"]
    assert not Shopper.objects.exists()


def test_a_guest_is_judged_by_what_the_session_did(guest, active_personal):
    placed(active_personal, liked=0, near=10, far=120)

    before = guest.get(ME)
    guest.post("/api/v1/interactions/", {"sku": "liked", "kind": "like"})
    after = guest.get(ME)

    assert before.json()["strategy"] == "popular"
    assert after.json()["strategy"] == "session"
    assert skus(after) == ["near", "far"]


def test_other_shoppers_history_hides_nothing_from_a_new_guest(guest):
    InteractionFactory(product__sku="popular")

    assert skus(guest.get(ME)) == ["popular"]


def test_a_forgotten_shopper_has_no_history_and_no_taste(staff, active_personal):
    forgotten, other = ShopperFactory(key="ann"), ShopperFactory(key="bob")
    like(forgotten, "A-1", "A-2")
    like(other, "A-3")
    ShopperVector.objects.create(version=active_personal, shopper=forgotten, vector=turned(0))

    response = staff.delete(interactions("ann"))

    assert (response.status_code, response.content) == (204, b"")
    assert [row.shopper for row in Interaction.objects.all()] == [other]
    assert not ShopperVector.objects.exists()
    assert staff.get(recommendations("ann")).json()["strategy"] == "popular"


def test_shoppers_may_forget_themselves_and_nobody_else(shopper, guest):
    like(ShopperFactory(key="sam"), "A-1")
    like(ShopperFactory(key="ann"), "A-2")

    assert guest.delete(interactions("ann")).status_code == 401
    assert shopper.delete(interactions("ann")).status_code == 403
    assert shopper.delete(interactions("sam")).status_code == 204
    assert [row.shopper.key for row in Interaction.objects.all()] == ["ann"]


def test_shoppers_read_what_is_stored_of_them_page_by_page(shopper, staff, guest, django_assert_num_queries):
    like(ShopperFactory(key="sam"), "A-1", "A-2", "A-3")
    like(ShopperFactory(key="ann"), "A-4")

    with django_assert_num_queries(3):  # whose, count, page
        first = shopper.get(interactions("sam"), {"page_size": 2}).json()
    second = shopper.get(first["next"]).json()

    assert (first["count"], [row["sku"] for row in first["results"] + second["results"]]) == (3, ["A-3", "A-2", "A-1"])
    assert first["results"][0]["kind"] == "like"
    assert staff.get(interactions("sam")).json()["count"] == 3
    assert shopper.get(interactions("ann")).status_code == 403
    assert guest.get(interactions("sam")).status_code == 401


@pytest.mark.parametrize("key", ["a/b", ".", "..", "a b", "ü%", "me/interactions", "?"])
def test_a_key_may_have_any_character(staff, key):
    like(ShopperFactory(key=key), "A-1")
    name = quote(key, safe="")

    assert staff.get(recommendations(name)).status_code == 200
    assert staff.get(interactions(name)).json()["count"] == 1
    assert staff.delete(interactions(name)).status_code == 204
    assert staff.get(interactions(name)).json()["count"] == 0


def test_nobody_unknown_can_be_forgotten(staff, shopper):
    assert staff.delete(interactions("nope")).status_code == 404
    assert shopper.delete(interactions("sam")).status_code == 404  # has done nothing yet


MERGE = "/api/v1/users/merge/"


def by_guest(session: str = "guest", **fields) -> Interaction:
    return InteractionFactory(shopper=None, session=session, **fields)


def test_an_account_takes_over_what_a_guest_did_whose_token_it_has(shopper):
    by_guest(event_id="e-1")
    by_guest(event_id="e-2")
    InteractionFactory(shopper=ShopperFactory(key="sam"), event_id="e-1")

    answers = [shopper.post(MERGE, {"visitor": signer.sign("guest"), "user": "sam"}) for _ in range(2)]

    assert [(answer.status_code, answer.json()) for answer in answers] == [(200, {"merged": 1}), (200, {"merged": 0})]
    assert sorted(Interaction.objects.values_list("shopper__key", "event_id")) == [("sam", "e-1"), ("sam", "e-2")]


def test_an_account_becomes_a_shopper_by_what_it_did_as_a_guest(shopper):
    by_guest()

    assert shopper.post(MERGE, {"visitor": signer.sign("guest"), "user": "sam"}).json() == {"merged": 1}
    assert Shopper.objects.get().account.username == "sam"


def test_an_account_takes_over_no_guest_by_a_name_or_an_invented_token(shopper):
    row = by_guest()

    refused = shopper.post(MERGE, {"session": "guest", "user": "sam"})
    forged = shopper.post(MERGE, {"visitor": f"{signer.sign('guest')}x", "user": "sam"})

    assert (refused.status_code, "catalog.change_shopper" in refused.json()["detail"]) == (403, True)
    assert (forged.status_code, list(forged.json()["errors"])) == (400, ["visitor"])
    row.refresh_from_db()
    assert (row.shopper, row.session) == (None, "guest")


def test_an_account_merges_into_nobody_else(shopper, guest):
    ShopperFactory(key="ann")
    row = by_guest()

    for key in ("ann", "nope"):
        refused = shopper.post(MERGE, {"session": "guest", "user": key})
        assert refused.status_code == 403
        assert refused.json()["detail"] == f"This account may not merge a session into the shopper {key!r}."
    assert guest.post(MERGE, {"session": "guest", "user": "ann"}).status_code == 401

    row.refresh_from_db()
    assert (row.shopper, row.session) == (None, "guest")
    assert Shopper.objects.count() == 1


def test_staff_merge_into_anybody_also_into_somebody_new(staff):
    by_guest()

    assert staff.post(MERGE, {"session": "guest", "user": "new"}).json() == {"merged": 1}
    assert Interaction.objects.get().shopper.key == "new"


def test_a_session_that_nobody_had_is_named_and_makes_no_shopper(staff, shopper):
    by_guest("guest")

    for answer in (
        staff.post(MERGE, {"session": "gest", "user": "new"}),
        shopper.post(MERGE, {"visitor": signer.sign("gest"), "user": "sam"}),
    ):
        assert answer.status_code == 404
        assert answer.json()["detail"] == "There is no such guest: they have no interactions."
    assert not Shopper.objects.exists()
    assert Interaction.objects.get().session == "guest"


def test_a_session_goes_with_the_shopper_who_is_forgotten(staff):
    by_guest("guest")
    staff.post(MERGE, {"session": "guest", "user": "ann"})

    staff.delete(interactions("ann"))

    assert staff.post(MERGE, {"session": "guest", "user": "ann"}).status_code == 404


def test_a_session_that_goes_on_is_merged_once_more(staff):
    for _ in range(2):
        by_guest("guest")
        assert staff.post(MERGE, {"session": "guest", "user": "ann"}).json() == {"merged": 1}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"user": "sam"}, "non_field_errors"),
        ({"user": "sam", "session": "guest", "visitor": "token"}, "non_field_errors"),
        ({"user": "sam", "visitor": "guest"}, "visitor"),
        ({"session": "guest"}, "user"),
        ({"session": "", "user": "sam"}, "session"),
        ({"session": "x" * 151, "user": "sam"}, "session"),
        ({"session": "a\0b", "user": "sam"}, "session"),
        (["guest", "sam"], "non_field_errors"),
    ],
)
def test_a_merge_that_makes_no_sense_is_told_why(shopper, body, field):
    answer = shopper.post(MERGE, body)

    assert answer.status_code == 400
    assert list(answer.json()["errors"]) == [field]


def test_what_was_seen_may_come_again_and_what_was_bought_may_not(staff, active_personal):
    placed(active_personal, viewed=10, bought=20, new=30)
    shopper = ShopperFactory(key="ann")
    for sku, kind in (("viewed", "view"), ("bought", "purchase")):
        InteractionFactory(shopper=shopper, product=Product.objects.get(sku=sku), kind=kind)
    ShopperVector.objects.create(version=active_personal, shopper=shopper, vector=turned(0))

    assert skus(staff.get(recommendations("ann"))) == ["new"]
    assert skus(staff.get(recommendations("ann"), {"exclude_seen": "false"})) == ["viewed", "new"]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"exclude": ",".join(f"A-{n}" for n in range(1001))}, "exclude"),
        ({"exclude": "A-1," + "x" * 101}, "exclude.1"),
        ({"exclude_seen": "perhaps"}, "exclude_seen"),
        ({"limit": "1e3"}, "limit"),
        ({"diversity": "2"}, "diversity"),
    ],
)
def test_a_question_that_makes_no_sense_is_told_why(staff, query, field):
    ShopperFactory(key="ann")

    answer = staff.get(recommendations("ann"), query)

    assert answer.status_code == 400
    assert list(answer.json()["errors"]) == [field]


def test_a_thousand_products_are_excluded_at_once(staff, active_personal):
    placed(active_personal, near=10, far=20)
    ShopperVector.objects.create(version=active_personal, shopper=ShopperFactory(key="ann"), vector=turned(0))

    excluded = ",".join(["near", *(f"A-{n}" for n in range(999))])

    assert skus(staff.get(recommendations("ann"), {"exclude": excluded})) == ["far"]
