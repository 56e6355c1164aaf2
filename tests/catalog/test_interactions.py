import uuid
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from catalog import interactions, signals
from catalog.interactions import Event
from catalog.models import Interaction, Kind
from tests.factories import InteractionFactory, ProductFactory, ShopperFactory

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


def test_the_same_id_of_one_sender_counts_once_and_what_is_new_is_told():
    ProductFactory(sku="A-1", image=False)
    heard = []

    def listen(shopper_ids, sessions, **kwargs):
        heard.append((shopper_ids, sessions))

    known = Event(sku="A-1", kind="like", user="ann", id="e-1")
    first = interactions.record([known, known])
    signals.interactions_recorded.connect(listen)
    try:
        second = interactions.record([known, Event(sku="A-1", kind="like", session="guest", id="e-1")])
    finally:
        signals.interactions_recorded.disconnect(listen)

    assert [(each.accepted, each.duplicates) for each in (first, second)] == [(1, 1), (1, 1)]
    assert heard == [(set(), {"guest"})]


def test_what_is_recorded_is_stored_to_the_letter():
    product = ProductFactory(sku="A-1", image=False)
    shown, at = uuid.uuid4(), datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
    strange = """\\ "quoted" \'once\' {ü} %s \n"""
    full = Event("A-1", Kind.CART, session=strange, timestamp=at, id=strange, recommendation_id=shown, position=3)

    interactions.record([full, Event("A-1", Kind.VIEW, user=strange, placement="cart")])

    one, other = Interaction.objects.order_by("pk")
    assert (one.shopper, one.session, one.product, one.kind, one.occurred_at) == (None, strange, product, "cart", at)
    assert (one.event_id, one.recommendation_id, one.position, one.placement) == (strange, shown, 3, "")
    assert (other.shopper.key, other.session, other.event_id) == (strange, "", "")
    assert (other.recommendation_id, other.position, other.placement) == (None, None, "cart")
    assert abs(other.occurred_at - timezone.now()) < timedelta(minutes=1)
