from dataclasses import replace

import pytest

from catalog.demo.simulation import MANY
from catalog.demo.simulation.shop import simulate_shoppers
from catalog.models import Interaction, Shopper
from tests.factories import AccountFactory, InteractionFactory, ProductFactory, ShopperFactory


@pytest.mark.django_db
def test_the_shops_simulated_shoppers_get_a_new_history_and_what_people_did_stays():
    products = [ProductFactory(attributes={"colour": f"c{n % 3}"}) for n in range(12)]
    few = replace(MANY, shoppers=5, fewest=2, most=6, arrivals=0)
    simulate_shoppers(few)
    before = Interaction.objects.count()
    InteractionFactory(shopper=Shopper.objects.get(key="shopper"), product=products[0], kind="like")

    count = simulate_shoppers(few)

    assert count == before
    assert Interaction.objects.count() == before + 1
    assert set(Shopper.objects.values_list("is_simulated", flat=True)) == {True}


@pytest.mark.django_db
def test_of_more_shoppers_simulated_before_only_those_stay_whom_somebody_needs():
    products = [ProductFactory(attributes={"colour": f"c{n % 3}"}) for n in range(12)]
    few = replace(MANY, shoppers=6, fewest=2, most=6, arrivals=0)
    simulate_shoppers(few)
    InteractionFactory(shopper=Shopper.objects.get(key="shopper-003"), product=products[0], kind="like")
    Shopper.objects.filter(key="shopper-004").update(account=AccountFactory())
    InteractionFactory(shopper__key="a person")
    ShopperFactory(key="another person")

    simulate_shoppers(replace(few, shoppers=2))

    simulated = ["shopper", "shopper-001", "shopper-003", "shopper-004"]
    assert list(Shopper.objects.values_list("key", flat=True)) == ["a person", "another person", *simulated]


@pytest.mark.django_db
def test_a_shop_without_pictures_has_shoppers_too():
    for n in range(12):
        ProductFactory(attributes={"colour": f"c{n % 3}"}, image=False)

    assert simulate_shoppers(replace(MANY, shoppers=5, fewest=2, most=6, arrivals=0)) > 0
