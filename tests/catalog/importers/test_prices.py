from decimal import Decimal

from catalog.importers.prices import generate_price


def test_prices_stay_the_same_and_are_near_each_other_within_a_category():
    shoes = [Decimal(generate_price("Shoes", str(sku))) for sku in range(200)]
    rings = [Decimal(generate_price("Rings", str(sku))) for sku in range(200)]

    assert shoes[7] == Decimal(generate_price("Shoes", "7"))
    assert all(5 < price < 200 and price % 1 == Decimal("0.95") for price in shoes + rings)
    assert len(set(shoes)) > 10
    assert max(shoes) < 2.5 * float(min(shoes))
    assert sorted(shoes)[100] != sorted(rings)[100]
