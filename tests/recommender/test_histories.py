from datetime import timedelta

import pytest
from django.utils import timezone

from catalog.models import Kind
from recommender import histories
from recommender.histories import Deed
from tests.factories import InteractionFactory, ProductFactory, ShopperFactory, embed, turned

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

    assert histories.summary(times, NOW) == (kind, pytest.approx(weight))


def test_events_in_words_are_deeds_by_product():
    events = [(1, Kind.VIEW, ago(0)), (2, Kind.LIKE, ago(1)), (1, Kind.LIKE, ago(180))]

    first, second = histories.of_events(events)

    assert (first.product, first.kind, first.weight) == (1, Kind.LIKE, pytest.approx(0.5, abs=1e-3))
    assert (second.product, second.kind) == (2, Kind.LIKE)
    assert len(histories.of_events((product, Kind.VIEW, NOW) for product in range(300))) == histories.PRODUCTS


def test_a_history_is_of_the_products_met_last_with_all_that_was_done_to_them(db, monkeypatch):
    monkeypatch.setattr(histories, "PRODUCTS", 2)
    shopper = ShopperFactory()
    forgotten, bought, viewed = (ProductFactory(picture=False) for _ in range(3))
    done = ((forgotten, "like", 5), (bought, "purchase", 900), (viewed, "view", 1), (bought, "view", 2))
    for product, kind, days in done:
        InteractionFactory(shopper=shopper, product=product, kind=kind, occurred_at=ago(days))
    InteractionFactory(product=forgotten)

    deeds = histories.of_visitor(shopper=shopper)

    assert [(deed.product, deed.kind) for deed in deeds] == [(viewed.pk, Kind.VIEW), (bought.pk, Kind.PURCHASE)]


def test_new_is_what_was_recorded_since_and_says_something_else(db):
    shopper = ShopperFactory()
    same, more, new = (ProductFactory(picture=False) for _ in range(3))
    for product, kind in ((same, "like"), (more, "view")):
        InteractionFactory(shopper=shopper, product=product, kind=kind, occurred_at=ago(3))
    learnt = timezone.now()
    for product, kind, days in (
        (same, "view", 0),
        (more, "like", 0),
        (new, "view", 9),
    ):  # told late, and so new as well
        InteractionFactory(shopper=shopper, product=product, kind=kind, occurred_at=ago(days))

    is_new = {deed.product: deed.is_new for deed in histories.of_visitor(shopper=shopper, learnt=learnt)}

    assert is_new == {same.pk: False, more.pk: True, new.pk: True}
    assert not any(deed.is_new for deed in histories.of_visitor(shopper=shopper))


def test_what_says_nothing_or_was_never_seen_is_no_history(active_personal):
    seen, unseen = ProductFactory(), ProductFactory()
    embed(seen, active_personal, turned(0))
    telling = Deed(seen.pk, Kind.VIEW, 0.2)

    assert histories.seen(active_personal, [telling, Deed(unseen.pk, Kind.VIEW, 0.2)]).deeds == [telling]
    assert len(histories.seen(active_personal, [Deed(seen.pk, Kind.VIEW, 0.0)])) == 0
