from datetime import timedelta

import numpy as np
import pytest
from django.utils import timezone

from catalog import interactions
from catalog.models import Kind
from recommender.serving import history, recommend
from recommender.serving.history import ProductActivity
from recommender.serving.types import RecommendationQuery
from tests.factories import InteractionFactory, ProductFactory, ShopperFactory, embed, turned
from tests.recommender.conftest import placed, shown, train

NOW = timezone.now()


def ago(days: float):
    return NOW - timedelta(days=days)


@pytest.mark.parametrize(
    ("days_ago", "kind", "weight"),
    [
        ({Kind.VIEW: 0}, Kind.VIEW, 0.2),
        ({Kind.VIEW: 180}, Kind.VIEW, 0.1),
        ({Kind.PURCHASE: 0, Kind.VIEW: 0}, Kind.PURCHASE, 1.0),
        ({Kind.PURCHASE: 1800, Kind.VIEW: 0}, Kind.PURCHASE, 0.2),  # bought long ago, looked at now
        ({Kind.DISLIKE: 1, Kind.PURCHASE: 0}, Kind.DISLIKE, -(0.5 ** (1 / 180))),
        ({Kind.DISLIKE: 1, Kind.LIKE: 0}, Kind.LIKE, 1.0),
        ({Kind.DISLIKE: 0, Kind.LIKE: 1}, Kind.DISLIKE, -1.0),
        ({Kind.LIKE: -0.001}, Kind.LIKE, 1.0),  # a clock that is ahead makes nothing weigh more
    ],
)
def test_what_was_done_to_a_product_is_summed_up(days_ago, kind, weight):
    times = {what: ago(days) for what, days in days_ago.items()}

    assert history.summarize(times, NOW) == (kind, pytest.approx(weight))


def test_events_in_words_are_deeds_by_product():
    events = [(1, Kind.VIEW, ago(0)), (2, Kind.LIKE, ago(1)), (1, Kind.LIKE, ago(180))]

    first, second = history.activities_of_events(events)

    assert (first.product, first.kind, first.weight) == (1, Kind.LIKE, pytest.approx(0.5, abs=1e-3))
    assert (second.product, second.kind) == (2, Kind.LIKE)
    assert len(history.activities_of_events((product, Kind.VIEW, NOW) for product in range(300))) == history.PRODUCTS


def test_a_history_is_of_the_products_met_last_with_all_that_was_done_to_them(db, monkeypatch):
    monkeypatch.setattr(history, "PRODUCTS", 2)
    shopper = ShopperFactory()
    forgotten, bought, viewed = (ProductFactory(image=False) for _ in range(3))
    done = ((forgotten, "like", 5), (bought, "purchase", 900), (viewed, "view", 1), (bought, "view", 2))
    for product, kind, days in done:
        InteractionFactory(shopper=shopper, product=product, kind=kind, occurred_at=ago(days))
    InteractionFactory(product=forgotten)

    activities = history.read_activities(shopper=shopper)

    assert [(activity.product, activity.kind) for activity in activities] == [
        (viewed.pk, Kind.VIEW),
        (bought.pk, Kind.PURCHASE),
    ]


def test_new_is_what_was_recorded_since_and_says_something_else(db):
    shopper = ShopperFactory()
    same, more, new = (ProductFactory(image=False) for _ in range(3))
    for product, kind in ((same, "like"), (more, "view")):
        InteractionFactory(shopper=shopper, product=product, kind=kind, occurred_at=ago(3))
    learnt = timezone.now()
    for product, kind, days in (
        (same, "view", 0),
        (more, "like", 0),
        (new, "view", 9),
    ):  # told late, and so new as well
        InteractionFactory(shopper=shopper, product=product, kind=kind, occurred_at=ago(days))

    is_new = {activity.product: activity.is_new for activity in history.read_activities(shopper=shopper, learnt=learnt)}

    assert is_new == {same.pk: False, more.pk: True, new.pk: True}
    assert not any(activity.is_new for activity in history.read_activities(shopper=shopper))


def test_what_says_nothing_or_was_never_seen_is_no_history(active_personal):
    seen, unseen = ProductFactory(), ProductFactory()
    embed(seen, active_personal, turned(0))
    telling = ProductActivity(seen.pk, Kind.VIEW, 0.2)

    assert history.load_history(active_personal, [telling, ProductActivity(unseen.pk, Kind.VIEW, 0.2)]).activities == [
        telling
    ]
    assert len(history.load_history(active_personal, [ProductActivity(seen.pk, Kind.VIEW, 0.0)])) == 0


def test_a_dislike_turns_the_list_around(active_personal):
    disliked, near, far = placed(active_personal, 0, 10, 170)
    interactions.record([interactions.Event(sku=disliked.sku, session="guest", kind="dislike")])

    assert shown(recommend.for_session("guest", RecommendationQuery())) == [far, near]


def test_an_old_event_says_less_than_a_new_one(active_personal, settings):
    settings.TASTE_HALF_LIFE_DAYS = 100
    old, new, like_old, like_new = placed(active_personal, 0, 90, 10, 80)
    for product, days in ((old, 200), (new, 0)):
        InteractionFactory(shopper=None, session="guest", product=product, occurred_at=ago(days=days))

    first, second = recommend.for_session("guest", RecommendationQuery()).results

    assert [first.product, second.product] == [like_new, like_old]
    settings.TASTE_HALF_LIFE_DAYS = 10**9
    evenly = recommend.for_session("guest", RecommendationQuery()).results
    assert first.score - second.score > abs(evenly[0].score - evenly[1].score)


def test_what_each_kind_says_is_the_shops_to_set(active_personal, settings):
    viewed, liked, like_viewed, like_liked = placed(active_personal, 0, 90, 10, 80)
    for product, kind in ((viewed, "view"), (liked, "like")):
        InteractionFactory(shopper=None, session="guest", product=product, kind=kind)

    assert shown(recommend.for_session("guest", RecommendationQuery())) == [like_liked, like_viewed]
    settings.KIND_WEIGHTS = settings.KIND_WEIGHTS | {"view": 2.0, "like": 0.0}
    assert shown(recommend.for_session("guest", RecommendationQuery())) == [like_viewed, like_liked]


def test_what_a_shopper_did_since_the_training_moves_the_trained_taste_at_once(active_personal):
    known, liked, disliked, near, far, beside = placed(active_personal, 0, 90, 350, 10, 80, 340)
    shopper = ShopperFactory()
    InteractionFactory(shopper=shopper, product=known)
    train(active_personal, shopper, [1.0, 0.0])
    before = {result.product: result.score for result in recommend.for_shopper(shopper, RecommendationQuery()).results}

    InteractionFactory(shopper=shopper, product=liked)
    after_like = recommend.for_shopper(shopper, RecommendationQuery())
    InteractionFactory(shopper=shopper, product=disliked, kind="dislike")
    after_dislike = recommend.for_shopper(shopper, RecommendationQuery())

    scores = [{result.product: result.score for result in found.results} for found in (after_like, after_dislike)]
    assert after_like.strategy == after_dislike.strategy == "personal"
    assert scores[0][far] > before[far]
    assert scores[1][beside] < scores[0][beside]
    assert disliked not in scores[1]


def test_what_the_training_knew_already_moves_nothing(active_personal):
    known, near = placed(active_personal, 40, 50)
    shopper = ShopperFactory()
    InteractionFactory(shopper=shopper, product=known)
    train(active_personal, shopper, [2.0, 0.0])

    InteractionFactory(shopper=shopper, product=known, kind="view")  # says less than the like that is known

    (result,) = recommend.for_shopper(shopper, RecommendationQuery()).results
    assert result.score == pytest.approx(1 / (1 + np.exp(-2 * np.cos(np.radians(50)))))


def test_a_guest_who_becomes_a_trained_shopper_brings_news(active_personal):
    known, by_guest, far = placed(active_personal, 0, 90, 80)
    shopper = ShopperFactory()
    InteractionFactory(shopper=shopper, product=known)
    InteractionFactory(shopper=None, session="guest", product=by_guest)
    train(active_personal, shopper, [1.0, 0.0])
    (before,) = recommend.for_shopper(shopper, RecommendationQuery(exclude=[by_guest.sku])).results

    interactions.merge_guest("guest", shopper)

    (after,) = recommend.for_shopper(shopper, RecommendationQuery()).results
    assert after.product == before.product == far
    assert after.score > before.score


def test_of_a_like_and_a_dislike_the_later_counts(active_personal):
    turned_to, near, far = placed(active_personal, 0, 10, 170)
    for kind, days in (("dislike", 2), ("like", 1)):
        InteractionFactory(shopper=None, session="guest", product=turned_to, kind=kind, occurred_at=ago(days=days))

    assert shown(recommend.for_session("guest", RecommendationQuery())) == [near, far]
