from datetime import UTC, datetime, timedelta

import pytest

from catalog import interactions
from catalog.interactions import Event
from recommender.workers import embedding
from tests.factories import CategoryFactory, InteractionFactory, ProductFactory, ShopperFactory


@pytest.fixture
def shop():
    """Twenty products and six shoppers, each of whom took to eight of them."""
    embedding.load_model.cache_clear()
    products = [ProductFactory(image=seed) for seed in range(20)]
    start = datetime(2026, 1, 1, tzinfo=UTC)
    events = [
        Event(sku=products[(shopper * 3 + n) % 20].sku, user=f"s{shopper}", kind="like", timestamp=start + timedelta(n))
        for shopper in range(6)
        for n in range(8)
    ]
    interactions.record(events)
    return products


@pytest.fixture
def shoe_shop():
    """Two dozen shoes, three bags, and three shoppers of eight shoes each."""
    embedding.load_model.cache_clear()
    shoes = [ProductFactory(image=seed) for seed in range(24)]
    for seed in range(3):
        ProductFactory(image=50 + seed, category=CategoryFactory(name="Bags"))
    for number in range(3):
        shopper = ShopperFactory(key=f"s{number}")
        for product in shoes[number * 8 : number * 8 + 8]:
            InteractionFactory(shopper=shopper, product=product)
    return shoes
