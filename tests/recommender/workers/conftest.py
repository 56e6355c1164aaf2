import pytest

from catalog.models import Product
from recommender.workers import embedding
from tests.factories import CategoryFactory, InteractionFactory, ProductFactory, ShopperFactory


@pytest.fixture
def shoe_shop():
    return open_shoe_shop()


def open_shoe_shop() -> list[Product]:
    """Two dozen shoes, which are returned, three bags, and three shoppers of eight shoes each."""
    embedding.load_model.cache_clear()
    shoes = [ProductFactory(image=seed) for seed in range(24)]
    for seed in range(3):
        ProductFactory(image=50 + seed, category=CategoryFactory(name="Bags"))
    for number in range(3):
        shopper = ShopperFactory(key=f"s{number}")
        for product in shoes[number * 8 : number * 8 + 8]:
            InteractionFactory(shopper=shopper, product=product)
    return shoes
