import pytest

from catalog.importers.trials import Trial
from catalog.interactions import Event
from catalog.models import Interaction, Kind, Shopper
from tests.factories import InteractionFactory, ProductFactory, ShopperFactory

pytestmark = pytest.mark.django_db


def event(id: str, sku: str = "A", user: str = "ada") -> Event:
    return Event(sku=sku, kind=Kind.VIEW, user=user, id=id)


def test_what_an_earlier_batch_or_the_shop_has_is_a_duplicate_and_nothing_is_written():
    product = ProductFactory(sku="A", image=False)
    InteractionFactory(shopper=ShopperFactory(key="ada"), product=product, event_id="0")
    trial = Trial()

    first = trial.record([event("0"), event("1"), event("1"), event("2", sku="NO")])
    second = trial.record([event("2", sku="NO"), event("1"), event("1", user="bob"), event("1", sku="NO"), event("3")])

    assert (first.accepted, first.duplicates, list(first.rejected)) == (1, 2, [3])
    assert (second.accepted, second.duplicates, list(second.rejected)) == (2, 1, [0, 3])
    assert (Interaction.objects.count(), Shopper.objects.count()) == (1, 1)


def test_events_of_a_worker_that_was_lost_are_duplicates():
    ProductFactory(sku="A", image=False)
    trial = Trial()

    trial.skip([event("1")])

    assert (trial.record([event("1"), event("2")]).accepted, trial.record([event("2")]).duplicates) == (1, 1)
