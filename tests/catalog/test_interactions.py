from datetime import timedelta

import pytest
from django.utils import timezone

from catalog import interactions, signals
from catalog.models import Interaction
from tests.factories import InteractionFactory, ShopperFactory

pytestmark = pytest.mark.django_db


def by_guest(**fields) -> Interaction:
    return InteractionFactory(shopper=None, **({"session": "guest"} | fields))


def test_what_a_guest_did_becomes_the_shoppers_with_all_that_is_known_of_it():
    shopper, long_ago = ShopperFactory(), timezone.now() - timedelta(days=30)
    origin = {"recommendation_id": "0" * 32, "position": 3, "placement": "home"}
    done = by_guest(kind="cart", occurred_at=long_ago, event_id="e-1", **origin)
    others = by_guest(session="another")

    assert interactions.merge_guest("guest", shopper) == 1

    row = Interaction.objects.get(shopper=shopper)
    assert (row.session, row.product, row.kind, row.occurred_at) == ("", done.product, "cart", long_ago)
    assert (row.event_id, row.recommendation_id.int, row.position, row.placement) == ("e-1", 0, 3, "home")
    assert row.recorded_at > done.recorded_at  # news to a model trained before
    assert list(Interaction.objects.exclude(shopper=shopper)) == [others]


def test_a_second_merge_changes_nothing():
    shopper = ShopperFactory()
    by_guest()
    interactions.merge_guest("guest", shopper)
    before = list(Interaction.objects.values())

    assert interactions.merge_guest("guest", shopper) == 0
    assert list(Interaction.objects.values()) == before


def test_the_same_id_of_guest_and_shopper_counts_once():
    shopper = ShopperFactory()
    known = InteractionFactory(shopper=shopper, event_id="e-1")
    by_guest(event_id="e-1")
    by_guest(event_id="e-2")
    by_guest()  # without ids every event is its own
    by_guest()

    assert interactions.merge_guest("guest", shopper) == 3

    assert sorted(shopper.interactions.values_list("event_id", flat=True)) == ["", "", "e-1", "e-2"]
    assert shopper.interactions.get(event_id="e-1") == known
    assert not Interaction.objects.filter(session="guest").exists()


def test_an_empty_session_is_nobodys():
    other = InteractionFactory()

    assert interactions.merge_guest("", ShopperFactory()) == 0
    assert Interaction.objects.get().shopper == other.shopper


def test_whoever_listens_is_told_of_a_merge():
    shopper, heard = ShopperFactory(), []

    def listen(shopper_ids, sessions, **kwargs):
        heard.append((shopper_ids, sessions))

    by_guest()
    signals.interactions_recorded.connect(listen)
    try:
        interactions.merge_guest("guest", shopper)
        interactions.merge_guest("guest", shopper)
    finally:
        signals.interactions_recorded.disconnect(listen)

    assert heard == [({shopper.pk}, {"guest"})]
